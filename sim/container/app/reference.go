package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Reference is an image's name taken apart.
type Reference struct {
	Domain     string // registry, e.g. docker.io
	Repository string // e.g. library/nginx
	Tag        string // latest when there is neither tag nor digest
	Digest     string
}

func (r Reference) String() string {
	text := r.Domain + "/" + r.Repository
	if r.Tag != "" {
		text += ":" + r.Tag
	}
	if r.Digest != "" {
		text += "@" + r.Digest
	}
	return text
}

// Last is the last element of the repository's path, e.g. nginx-slim.
func (r Reference) Last() string { return r.Repository[strings.LastIndexByte(r.Repository, '/')+1:] }

var errReference = errors.New("invalid reference format")

// Version reads the first two numbers of the tag, such as 1.28 or 1.36.1-glibc.
func (r Reference) Version() (major, minor int, ok bool) {
	tag, _, _ := strings.Cut(r.Tag, "-")
	parts := strings.Split(tag, ".")
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil
}

// ParseReference reads an image name as Docker does: the first element is a registry when it looks like a host.
func ParseReference(name string) (Reference, error) {
	r := Reference{Domain: "docker.io"}
	rest, digest, hasDigest := strings.Cut(name, "@")
	if hasDigest {
		algorithm, hex, ok := strings.Cut(digest, ":")
		if !ok || algorithm == "" || len(hex) < 32 || strings.Trim(hex, "0123456789abcdefABCDEF") != "" {
			return r, errReference
		}
		r.Digest = digest
	}
	if first, after, found := strings.Cut(rest, "/"); found && (strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first) {
		r.Domain, rest = first, after
		host, port, hasPort := strings.Cut(first, ":")
		if strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || host == "" || (hasPort && (port == "" || strings.Trim(port, "0123456789") != "")) {
			return r, errReference
		}
	}
	if colon := strings.LastIndexByte(rest, ':'); colon >= 0 {
		rest, r.Tag = rest[:colon], rest[colon+1:]
		if !isTag(r.Tag) {
			return r, errReference
		}
	}
	if strings.ToLower(rest) != rest {
		return r, fmt.Errorf("%w: repository name (%s) must be lowercase", errReference, inLibrary(r.Domain, rest))
	}
	if len(rest) > 255 {
		return r, errors.New("repository name must not be more than 255 characters")
	}
	for _, component := range strings.Split(rest, "/") {
		if !isComponent(component) {
			return r, errReference
		}
	}
	r.Repository = inLibrary(r.Domain, rest)
	if r.Tag == "" && r.Digest == "" {
		r.Tag = "latest"
	}
	return r, nil
}

func inLibrary(domain, repository string) string {
	if domain == "docker.io" && !strings.Contains(repository, "/") {
		return "library/" + repository
	}
	return repository
}

// isTag: a word character, then up to 127 word characters, dots and dashes.
func isTag(tag string) bool {
	if tag == "" || len(tag) > 128 || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	return strings.Trim(strings.ToLower(tag), "abcdefghijklmnopqrstuvwxyz0123456789_.-") == ""
}

// isComponent: lower-case letters and digits, with separators (. _ __ or dashes) inside only.
func isComponent(component string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	if component == "" || !strings.ContainsRune(letters, rune(component[0])) || !strings.ContainsRune(letters, rune(component[len(component)-1])) {
		return false
	}
	for i := 0; i < len(component); {
		start := i
		for i < len(component) && !strings.ContainsRune(letters, rune(component[i])) {
			i++
		}
		switch separator := component[start:i]; {
		case separator == "", separator == ".", separator == "_", separator == "__", strings.Trim(separator, "-") == "":
		default:
			return false
		}
		for i < len(component) && strings.ContainsRune(letters, rune(component[i])) {
			i++
		}
	}
	return true
}

// missingWords in a repository or a tag make an image that no registry has.
var missingWords = []string{"missing", "nosuch", "no-such", "notexist", "not-exist", "nonexistent", "non-existent", "invalid"}

// Missing is the rule by which the simulated registries lack an image: every registry has every image in every version, except
// where the repository or the tag contains one of missingWords (nginx:does-not-exist, nosuch/image).
func (r Reference) Missing() bool {
	for _, word := range missingWords {
		if strings.Contains(r.Repository, word) || strings.Contains(r.Tag, word) {
			return true
		}
	}
	return false
}
