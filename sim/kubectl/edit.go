package kubectl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/kubectl/pkg/cmd/edit"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/util/editor"
	"k8s.io/kubectl/pkg/scheme"
	kubectlutil "k8s.io/kubectl/pkg/util"
)

// kubectl edit starts an editor of this machine and leaves no way to start another. Its flags and how it finds objects are kubectl's own; what it
// does around the editor is done here (upstream: kubectl/pkg/cmd/util/editor/editoptions.go).

// newEdit is kubectl's command with the person's editor.
func newEdit(f factory, s streams, t *transport) *cobra.Command {
	command := edit.NewCmdEdit(f, s)
	o := editor.NewEditOptions(editor.NormalEditMode, s)
	command.ResetFlags()
	o.RecordFlags.AddFlags(command)
	o.PrintFlags.AddFlags(command)
	util.AddFilenameOptionFlags(command, &o.FilenameOptions, "to use to edit the resource")
	util.AddValidateFlags(command)
	command.Flags().BoolVar(&o.OutputPatch, "output-patch", false, "Output the patch if the resource is edited.")
	command.Flags().BoolVar(&o.WindowsLineEndings, "windows-line-endings", false, "Defaults to the line ending native to your platform.")
	util.AddFieldManagerFlagVar(command, &o.FieldManager, "kubectl-edit")
	util.AddApplyAnnotationVarFlags(command, &o.ApplyAnnotation)
	util.AddSubresourceFlags(command, &o.Subresource, "If specified, edit will operate on the subresource of the requested object.")
	command.Run = func(command *cobra.Command, args []string) {
		util.CheckErr(o.Complete(f, args, command))
		e := &editing{EditOptions: o, transport: t, factory: f}
		util.CheckErr(e.run())
	}
	return command
}

// editing is one call of kubectl edit.
type editing struct {
	*editor.EditOptions
	*transport
	factory factory
	reasons []string // why the file is opened again
}

// heading begins every file.
const heading = "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n" +
	"# reopened with the relevant failures.\n#\n"

var errNothingValid = errors.New("Edit cancelled, no valid changes were saved.")

func (e *editing) run() error {
	if e.programs == nil {
		return errNoPrograms
	}
	infos, err := e.OriginalResult.Infos()
	if err != nil {
		return err
	}
	if len(infos) == 0 {
		return errors.New("edit cancelled, no objects found")
	}
	original, err := e.print(infos)
	if err != nil {
		return err
	}
	content := original
	for again := false; ; again = true {
		name := e.programs.Temporary("kubectl-edit-*." + e.extension())
		edited, err := e.edit(name, slices.Concat([]byte(e.header()), content))
		if err != nil {
			return err
		}
		bare := util.StripComments(edited)
		if again && bytes.Equal(bare, util.StripComments(content)) {
			return e.keep(name, edited)
		}
		if bytes.Equal(bare, util.StripComments(original)) {
			fmt.Fprintln(e.ErrOut, "Edit cancelled, no changes made.")
			return nil
		}
		if !hasLines(edited) {
			fmt.Fprintln(e.ErrOut, "Edit cancelled, saved file was empty.")
			return nil
		}
		content, e.reasons = util.ManualStrip(edited), nil
		done, err := e.save(infos, edited)
		if done || err != nil {
			return err
		}
	}
}

// keep ends an edit in vain; what was edited is not lost.
func (e *editing) keep(name string, edited []byte) error {
	if e.files != nil && e.files.Write(name, edited) == nil {
		fmt.Fprintf(e.ErrOut, "A copy of your changes has been stored to %q\n", name)
	}
	return errNothingValid
}

func (e *editing) extension() string {
	if *e.PrintFlags.OutputFormat == "json" {
		return "json"
	}
	return "yaml"
}

// header is what the file begins with; there are no comments in JSON.
func (e *editing) header() string {
	if e.extension() == "json" {
		return ""
	}
	header := heading
	for _, reason := range e.reasons {
		header += "# " + strings.ReplaceAll(reason, "\n", "\n# ") + "\n#\n"
	}
	return header
}

// print is what there is to edit: one object, or a list of them.
func (e *editing) print(infos []*resource.Info) ([]byte, error) {
	var shown []unstructured.Unstructured
	for _, info := range infos {
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok {
			return nil, fmt.Errorf("cannot edit %s", info.ObjectName())
		}
		object = object.DeepCopy()
		object.SetManagedFields(nil)
		shown = append(shown, *object)
	}
	var printer printers.ResourcePrinter = &printers.YAMLPrinter{}
	if e.extension() == "json" {
		printer = &printers.JSONPrinter{}
	}
	var out bytes.Buffer
	if len(shown) == 1 {
		err := printer.PrintObj(&shown[0], &out)
		return out.Bytes(), err
	}
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}}, Items: shown}
	err := printer.PrintObj(list, &out)
	return out.Bytes(), err
}

// edit lets the person's editor change a file.
func (e *editing) edit(name string, content []byte) ([]byte, error) {
	ran := e.programs.Run(e.ctx, Program{Variables: []string{"KUBE_EDITOR", "EDITOR"}, Otherwise: "vi", Args: []string{name}, Files: map[string][]byte{name: content}, Stdout: e.Out, Stderr: e.ErrOut})
	command := ran.Command
	if strings.ContainsAny(command, "\"'\\") {
		command = "/bin/bash -c " + command
	}
	switch {
	case ran.Code == NotFound:
		return nil, fmt.Errorf("unable to launch the editor %q (hint: KUBE_EDITOR='sed -i s/old/new/' kubectl edit ...)", command)
	case ran.Code != 0:
		return nil, fmt.Errorf("there was a problem with the editor %q", command)
	}
	return ran.Files[name], nil
}

func hasLines(content []byte) bool {
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return true
		}
	}
	return false
}

// save patches what was edited; it is not done when the file is to be opened again.
func (e *editing) save(infos []*resource.Info, edited []byte) (done bool, err error) {
	schema, err := e.factory.Validator(e.ValidationDirective)
	if err != nil {
		return false, err
	}
	if err := schema.ValidateBytes(util.StripComments(edited)); err != nil {
		e.reasons = append(e.reasons, "The edited file failed validation: "+err.Error())
		fmt.Fprintf(e.ErrOut, "error: %s %q is invalid\n", infos[0].Mapping.Resource.GroupResource(), infos[0].Name)
		return false, nil
	}
	updated, err := e.factory.NewBuilder().Unstructured().Stream(bytes.NewReader(edited), "edited-file").Subresource(e.Subresource).ContinueOnError().Flatten().Do().Infos()
	if err != nil {
		e.reasons = append(e.reasons, "The edited file had a syntax error: "+err.Error())
		return false, nil
	}
	if err := resource.InfoListVisitor(updated).Visit(resource.RequireNamespace(e.CmdNamespace)); err != nil {
		return false, err
	}
	failed := false
	for _, info := range updated {
		if e.ApplyAnnotation {
			if err := kubectlutil.CreateOrUpdateAnnotation(true, info.Object, scheme.DefaultJSONEncoder()); err != nil {
				return false, err
			}
		}
		if err := e.Recorder.Record(info.Object); err != nil {
			return false, err
		}
		unsaved, err := e.patch(infos, info)
		if err != nil {
			return false, err
		}
		failed = failed || unsaved
	}
	if failed {
		return false, util.ErrExit
	}
	return len(e.reasons) == 0, nil
}

// patch sends what has changed in one object. It is unsaved when trying the same again is of no use now.
func (e *editing) patch(infos []*resource.Info, updated *resource.Info) (unsaved bool, err error) {
	after := updated.Object.(*unstructured.Unstructured)
	at := slices.IndexFunc(infos, func(info *resource.Info) bool {
		return info.Object.(*unstructured.Unstructured).GetUID() == after.GetUID()
	})
	if at < 0 {
		return false, fmt.Errorf("no original object found for %s", updated.ObjectName())
	}
	before := infos[at].Object.(*unstructured.Unstructured).DeepCopy()
	before.SetManagedFields(nil)
	if reflect.DeepEqual(before.Object, after.Object) {
		return false, e.report("skipped", updated)
	}
	patch, err := twoWay(before, after, updated)
	if err != nil {
		return false, err
	}
	if e.OutputPatch {
		fmt.Fprintf(e.Out, "Patch: %s\n", patch)
	}
	helper := resource.NewHelper(updated.Client, updated.Mapping).WithFieldManager(e.FieldManager).WithFieldValidation(e.ValidationDirective).WithSubresource(e.Subresource)
	patched, err := helper.Patch(updated.Namespace, updated.Name, types.StrategicMergePatchType, patch, nil)
	if err == nil {
		if err := updated.Refresh(patched, true); err != nil {
			return false, err
		}
		return false, e.report("edited", updated)
	}
	return e.refusedBy(e.ErrOut, err, updated), nil
}

// twoWay is the patch between an object and what became of it.
func twoWay(before, after *unstructured.Unstructured, info *resource.Info) ([]byte, error) {
	was, err := before.MarshalJSON()
	if err != nil {
		return nil, err
	}
	is, err := after.MarshalJSON()
	if err != nil {
		return nil, err
	}
	typed, err := scheme.Scheme.New(info.Mapping.GroupVersionKind)
	if err != nil {
		return nil, err
	}
	patch, err := strategicpatch.CreateTwoWayMergePatch(was, is, typed, mergepatch.RequireKeyUnchanged("apiVersion"), mergepatch.RequireKeyUnchanged("kind"),
		mergepatch.RequireMetadataKeyUnchanged("name"), mergepatch.RequireKeyUnchanged("managedFields"))
	if mergepatch.IsPreconditionFailed(err) {
		return nil, errors.New("At least one of apiVersion, kind and name was changed")
	}
	return patch, err
}

func (e *editing) report(operation string, info *resource.Info) error {
	printer, err := e.ToPrinter(operation)
	if err != nil {
		return err
	}
	return printer.PrintObj(info.Object, e.Out)
}

// refusedBy tells why an object could not be patched. What is invalid is edited again; unsaved is what is not.
func (e *editing) refusedBy(to io.Writer, err error, info *resource.Info) (unsaved bool) {
	what := fmt.Sprintf("%s %q", info.Mapping.Resource.GroupResource(), info.Name)
	switch {
	case apierrors.IsInvalid(err):
		reason := what + " was not valid:"
		var status apierrors.APIStatus
		if errors.As(err, &status) && status.Status().Details != nil {
			for _, cause := range status.Status().Details.Causes {
				reason += fmt.Sprintf("\n* %s: %s", cause.Field, cause.Message)
			}
		}
		e.reasons = append(e.reasons, reason)
		fmt.Fprintf(to, "error: %s is invalid\n", what)
		return false
	case apierrors.IsNotFound(err):
		fmt.Fprintf(to, "error: %s could not be found on the server\n", what)
	default:
		fmt.Fprintf(to, "error: %s could not be patched: %v\n", what, err)
	}
	return true
}
