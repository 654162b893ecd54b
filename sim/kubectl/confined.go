package kubectl

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/kubectl/pkg/cmd/util"
	"sigs.k8s.io/yaml"
)

// What a command reads from files, and what it would do to this machine, is known when kubectl has parsed its own command line: a flag is then the
// same however it was spelled. Between that and running, values that name files are replaced by names of copies.

// fileFlags are the flags whose values name files, by their names, which mean the same in every command.
var fileFlags = map[string]func(s *staged, value string) (string, error){
	"filename":      (*staged).manifest,
	"kustomize":     (*staged).kustomization,
	"from-file":     (*staged).keyed,
	"from-env-file": (*staged).tree,
	"patch-file":    (*staged).tree,
	"cert":          (*staged).tree,
	"key":           (*staged).tree,
}

// leadingOut are flags that read or write this machine, or run its programs, each with what it is about; [kustomizeFlags] are those of kubectl kustomize.
var (
	leadingOut     = map[string]string{"output-directory": "it writes to this machine (hint: without it the dump is printed)"}
	kustomizeFlags = []string{"enable-helm", "helm-command", "helm-api-versions", "helm-kube-version", "helm-debug", "enable-alpha-plugins", "network",
		"network-name", "mount", "env", "as-current-user", "load-restrictor", "enable-managedby-label"}
)

// fileFormats are the formats of -o whose template is in a file.
var fileFormats = []string{"go-template-file", "templatefile", "jsonpath-file", "custom-columns-file"}

// confine makes the command that the arguments call see the person's files and no others.
func (s *staged) confine(root *cobra.Command, args []string) {
	command, _, err := root.Find(args)
	if err != nil {
		return // kubectl will not find it either
	}
	if run := command.RunE; run != nil {
		command.RunE = func(command *cobra.Command, args []string) error {
			args, err := s.prepare(command, args)
			if err != nil {
				return err
			}
			return run(command, args)
		}
	} else if run := command.Run; run != nil {
		command.Run = func(command *cobra.Command, args []string) {
			args, err := s.prepare(command, args)
			util.CheckErr(err)
			run(command, args)
		}
	}
}

// prepare stages the files that a parsed command line names, and refuses what leads out.
func (s *staged) prepare(command *cobra.Command, args []string) ([]string, error) {
	var problem error
	command.Flags().Visit(func(flag *pflag.Flag) {
		if problem == nil {
			problem = s.prepareFlag(command, flag)
		}
	})
	if problem != nil {
		return nil, problem
	}
	switch command.CommandPath() {
	case "kubectl cp":
		return s.copies(slices.Clone(args))
	case "kubectl kustomize":
		return s.kustomized(args)
	case "kubectl apply edit-last-applied":
		return nil, errors.New("kubectl apply edit-last-applied is not available here: it opens an editor of this machine (hint: kubectl apply set-last-applied)")
	}
	return args, nil
}

func (s *staged) prepareFlag(command *cobra.Command, flag *pflag.Flag) error {
	name := flag.Name
	kustomize := command.CommandPath() == "kubectl kustomize"
	switch {
	case leadingOut[name] != "":
		return fmt.Errorf("the flag --%s is not available here: %s", name, leadingOut[name])
	case kustomize && slices.Contains(kustomizeFlags, name):
		return fmt.Errorf("the flag --%s is not available here: it reaches the files or programs of this machine", name)
	case kustomize && name == "output":
		return errors.New("kubectl kustomize -o is not available here (hint: kubectl kustomize ... > FILE)")
	case name == "edit" && flag.Value.String() == "true":
		return errors.New("kubectl create --edit is not available here: it opens an editor of this machine (hint: sed ... | kubectl create -f -)")
	case name == "output":
		return s.convert(flag, s.outputFormat)
	case name == "template" && readsTemplate(command.Flags()):
		return s.convert(flag, s.tree)
	case fileFlags[name] != nil:
		return s.convert(flag, func(value string) (string, error) { return fileFlags[name](s, value) })
	}
	return nil
}

// convert replaces the value of a flag, or each of its values.
func (s *staged) convert(flag *pflag.Flag, convert func(value string) (string, error)) error {
	list, isList := flag.Value.(pflag.SliceValue)
	if !isList {
		value, err := convert(flag.Value.String())
		if err != nil {
			return err
		}
		return flag.Value.Set(value)
	}
	values := slices.Clone(list.GetSlice())
	for i := range values {
		value, err := convert(values[i])
		if err != nil {
			return err
		}
		values[i] = value
	}
	return list.Replace(values)
}

// outputFormat stages the file that an output format names, as in go-template-file=x.
func (s *staged) outputFormat(value string) (string, error) {
	format, name, named := strings.Cut(value, "=")
	if !named || !slices.Contains(fileFormats, format) {
		return value, nil
	}
	at, err := s.tree(name)
	return format + "=" + at, err
}

// readsTemplate says whether --template names a file, because of the output format that goes with it.
func readsTemplate(flags *pflag.FlagSet) bool {
	format, err := flags.GetString("output")
	return err == nil && slices.Contains(fileFormats, format)
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
