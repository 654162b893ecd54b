package kubectl

import (
	"regexp"
	"slices"
	"strings"
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
