package container

import (
	"errors"
	"fmt"
	"strings"
)

// reference is an image's name taken apart.
type reference struct {
	domain     string // registry, e.g. docker.io
	repository string // e.g. library/nginx
	tag        string // latest when there is neither tag nor digest
	digest     string
}

func (r reference) String() string {
	text := r.domain + "/" + r.repository
	if r.tag != "" {
		text += ":" + r.tag
	}
	if r.digest != "" {
		text += "@" + r.digest
	}
	return text
}

// last is the last element of the repository's path, e.g. nginx-slim.
func (r reference) last() string { return r.repository[strings.LastIndexByte(r.repository, '/')+1:] }

// CheckImageName says why an image name cannot be read, in the kubelet's words after "InvalidImageName", or nil.
//
// Upstream: pkg/util/parsers/parsers.go and pkg/kubelet/images/image_manager.go.
func CheckImageName(name string) error {
	if _, err := parseReference(name); err != nil {
		return fmt.Errorf("Failed to apply default image tag %q: couldn't parse image name %q: %w", name, name, err)
	}
	return nil
}

var errReference = errors.New("invalid reference format")

// parseReference reads an image name as Docker does: the first element is a registry when it looks like a host.
func parseReference(name string) (reference, error) {
	r := reference{domain: "docker.io"}
	rest, digest, hasDigest := strings.Cut(name, "@")
	if hasDigest {
		algorithm, hex, ok := strings.Cut(digest, ":")
		if !ok || algorithm == "" || len(hex) < 32 || strings.Trim(hex, "0123456789abcdefABCDEF") != "" {
			return r, errReference
		}
		r.digest = digest
	}
	if first, after, found := strings.Cut(rest, "/"); found && (strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first) {
		r.domain, rest = first, after
		host, port, hasPort := strings.Cut(first, ":")
		if strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" || host == "" || (hasPort && (port == "" || strings.Trim(port, "0123456789") != "")) {
			return r, errReference
		}
	}
	if colon := strings.LastIndexByte(rest, ':'); colon >= 0 {
		rest, r.tag = rest[:colon], rest[colon+1:]
		if !isTag(r.tag) {
			return r, errReference
		}
	}
	if strings.ToLower(rest) != rest {
		return r, fmt.Errorf("%w: repository name (%s) must be lowercase", errReference, inLibrary(r.domain, rest))
	}
	if len(rest) > 255 {
		return r, errors.New("repository name must not be more than 255 characters")
	}
	for _, component := range strings.Split(rest, "/") {
		if !isComponent(component) {
			return r, errReference
		}
	}
	r.repository = inLibrary(r.domain, rest)
	if r.tag == "" && r.digest == "" {
		r.tag = "latest"
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

// isMissing is the rule by which the simulated registries lack an image: every registry has every image in every version, except
// where the repository or the tag contains one of missingWords (nginx:does-not-exist, nosuch/image).
func (r reference) isMissing() bool {
	for _, word := range missingWords {
		if strings.Contains(r.repository, word) || strings.Contains(r.tag, word) {
			return true
		}
	}
	return false
}
