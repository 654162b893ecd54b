package kubectl

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Files are staged by what the arguments look like (see stage). An argument that kubectl would read as a file of this machine although it does
// not look like one is refused.

// leadingOut are flags that read or write this machine, or run its programs.
var leadingOut = []string{"--enable-helm", "--helm-command", "--helm-api-versions", "--helm-kube-version", "--enable-alpha-plugins", "--enable-exec",
	"--enable-star", "--network", "--network-name", "--mount", "--env", "--as-current-user", "--load-restrictor", "--output-directory"}

// joinedFile is -f, -k or -o behind other letters, as in -Rfweb.yaml; fileFormat is an output format that wants a file and does not name it.
var (
	joinedFile = regexp.MustCompile(`^-[ARwhitq]+[fko]`)
	fileFormat = regexp.MustCompile(`(template|jsonpath|columns)-file$`)
)

// leadsOut says why an argument could lead to files or programs of this machine, or "".
func leadsOut(called, arg string) string {
	flag, _, _ := strings.Cut(arg, "=")
	switch {
	case slices.Contains(leadingOut, flag) && called != "run" && called != "set":
		return "the flag " + flag + " is not available here: it reaches the files or programs of this machine"
	case called == "kustomize" && (strings.HasPrefix(arg, "-o") || flag == "--output"):
		return "kubectl kustomize -o is not available here (hint: kubectl kustomize ... > FILE)"
	case called == "kustomize" && (strings.Contains(arg, "://") || strings.Contains(arg, "github.com") || strings.HasPrefix(arg, "git@")):
		return "cannot read " + arg + ": there is no network here (hint: put the files into the page)"
	case called == "cp" && arg == "--":
		return "kubectl cp takes its files without -- here"
	case arg != "-Rf" && called != "logs" && joinedFile.MatchString(arg):
		return "cannot read " + arg + " (hint: write each of its flags by itself)"
	case fileFormat.MatchString(arg):
		return "cannot read " + arg + " without its file (hint: for example -o go-template-file=FILE)"
	}
	return ""
}

// kustomizations are the names of the file that makes a directory one.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// confined checks a kustomization, whose path is given from the root of what is staged: kustomize would fetch from the network (by git, too)
// or from anywhere on this machine what is not there. Other files that it names are held to its own directory by kustomize itself.
func confined(name string, content []byte, exists func(name string) bool) error {
	if !slices.Contains(kustomizations, path.Base(name)) {
		return nil
	}
	var fields map[string]any
	if yaml.Unmarshal(content, &fields) != nil {
		return nil // kustomize says what is wrong
	}
	for _, field := range []string{"resources", "bases", "components", "generators", "transformers", "validators"} {
		list, _ := fields[field].([]any)
		for _, item := range list {
			entry, _ := item.(string)
			if at := path.Join(path.Dir(name), entry); !strings.Contains(entry, "\n") && (path.IsAbs(entry) || !exists(at)) {
				return fmt.Errorf("%s: %s: there is no %q among the files here, and there is no network (hint: put it into the page as a file)", name, field, entry)
			}
		}
	}
	return nil
}

// among gives the test whether a path, from the root on, is one of the files below the root or a directory with some of them.
func among(below []string, root string) func(name string) bool {
	return func(name string) bool {
		full := path.Join(root, name)
		return !strings.HasPrefix(name, "..") && slices.ContainsFunc(below, func(file string) bool {
			file = path.Clean(file)
			return file == full || name == "." || strings.HasPrefix(file, full+"/")
		})
	}
}
