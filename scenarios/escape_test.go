package scenarios

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// canary is the content of a file of this machine that no page may see.
const canary = "canary-7f3a91"

// trap prepares this machine: files, environment, a kubeconfig and a program on the PATH that would all be seen by a program that
// reaches it. It gives the name of the file with the canary, and the address of a server that says the canary and counts who comes.
func trap(t *testing.T) (file, address string, visits *int) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "secret")
	write := func(name, content string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \""+canary+"\"}}\n", 0o644)
	write(filepath.Join(dir, ".kube", "config"), "apiVersion: v1\nkind: Config\ncurrent-context: "+canary+"\n", 0o644)
	write(filepath.Join(dir, ".kube", "kuberc"), "kind: "+canary+"\n", 0o644)
	write(filepath.Join(dir, "kustomization.yaml"), "configMapGenerator:\n- name: stolen\n  files: [secret]\n", 0o644)
	write(filepath.Join(dir, "bin", "kubectl-foo"), "#!/bin/sh\necho "+canary+" > "+filepath.Join(dir, "ran")+"\necho "+canary+"\n", 0o755)
	write(filepath.Join(dir, "bin", "editor"), "#!/bin/sh\necho > "+filepath.Join(dir, "ran")+"\n", 0o755)
	t.Setenv("HOME", dir)
	t.Setenv("KUBECONFIG", filepath.Join(dir, ".kube", "config"))
	t.Setenv("KUBERC", filepath.Join(dir, ".kube", "kuberc"))
	t.Setenv("PATH", filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("EDITOR", filepath.Join(dir, "bin", "editor"))
	t.Setenv("KUBE_EDITOR", filepath.Join(dir, "bin", "editor"))
	t.Setenv("KUBECTL_EXTERNAL_DIFF", filepath.Join(dir, "bin", "editor")+" "+canary)
	t.Setenv("STSIM_CANARY", canary)
	visits = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*visits++
		_, _ = w.Write([]byte(canary))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
			t.Error("a program of this machine was run")
		}
		if *visits > 0 {
			t.Errorf("a server of this machine was asked %d times", *visits)
		}
	})
	return file, server.Listener.Addr().String(), visits
}

// No command of a page, on the host or in a container, reaches the machine it is simulated on.
func TestNothingReachesThisMachine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the traps are POSIX")
	}
	file, address, _ := trap(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer("FILE", file, "DIRNAME", strings.TrimPrefix(filepath.Dir(file), os.TempDir()+"/"), "DIR", filepath.Dir(file), "ADDRESS", address, "HOST", host, "PORT", port)
	lines := []string{"$ kubectl run busy --image=busybox -- sleep 30d; kubectl wait --for=condition=Ready pod/busy > /dev/null", "..."}
	for _, command := range hostEscapes {
		lines = append(lines, "$ "+replace.Replace(command)+"; true", "...")
		if !strings.ContainsAny(command, "'") {
			lines = append(lines, "$ kubectl exec busy -- sh -c '"+replace.Replace(command)+"'; true", "...")
		}
	}
	for _, command := range kubectlEscapes {
		lines = append(lines, "$ "+replace.Replace(command)+"; true", "...")
	}
	before := time.Now()
	got := console(t, lines...)
	if got.Failed > 0 {
		t.Errorf("%s", failures(got.text))
	}
	steps := parsed(t, fm("nodes: 2")+block(lines...)).Steps()
	for i, step := range steps {
		if printed := strings.Join(got.Outputs[i], "\n"); strings.Contains(printed, canary) {
			t.Errorf("%s\nprinted %s", step.Command, printed)
		}
	}
	today := before.UTC().Format("2006-01-02")
	for i, step := range steps {
		if printed := strings.Join(got.Outputs[i], "\n"); strings.Contains(printed, today) {
			t.Errorf("%s\nprinted today's date: %s", step.Command, printed)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 {
		t.Errorf("files were written: %v", entries)
	}
}

var hostEscapes = []string{
	"cat FILE", "cat < FILE", "cat ../../../../../../../..FILE", "ln -s FILE link; cat link", "ln -s DIR d; cat d/*", "ls -a DIR", "echo DIR/*", "cat DIR/*", "cd DIR && cat secret",
	"cd ~ && cat secret", "cat ~/secret", "cat ~root/.kube/config", "cat $HOME/secret", "cat ${HOME}/.kube/config", "(. FILE)", "(source FILE)", "sh FILE", "exec FILE", "(exec 3<FILE; cat <&3)",
	"grep -r canary /etc /root /home", "find / -name secret -exec cat {} +", "tail -n 1 FILE", "sed -n p FILE", "awk 1 FILE", "awk \"BEGIN{while((getline l<\\\"FILE\\\")>0)print l}\"", "dd if=FILE", "cp FILE . && cat secret",
	"tar cf - DIR | cat", "sort FILE", "xargs -a FILE echo", "read x < FILE; echo $x", "mapfile a < FILE; echo ${a[@]}", "diff FILE /dev/null", "(cat <(cat FILE))", "cat <<EOF\n> $(cat FILE)\n> EOF\n> true",
	"echo stolen > DIR/written", "mkdir DIR/made", "touch DIR/touched", "rm -rf DIR", "mv DIR /tmp/moved", "chmod 000 DIR",
	"env", "printenv", "set", "export -p", "echo $STSIM_CANARY", "cat /proc/self/environ", "cat /proc/1/environ", "cat /proc/PORT/environ", "ls /proc/self/cwd/", "cat /proc/self/root/FILE", "cat /dev/fd/3",
	"ps aux", "echo $$ $PPID", "kill -9 1", "kill -0 1", "killall stsim", "pgrep -f stsim",
	"kubectl-foo", "command -v kubectl-foo", "type kubectl-foo", "which kubectl-foo", "DIR/bin/kubectl-foo", "PATH=DIR/bin kubectl-foo", "exec DIR/bin/kubectl-foo", "busybox sh -c DIR/bin/kubectl-foo",
	"curl -s --max-time 2 http://ADDRESS/", "curl -s --max-time 2 file://FILE", "wget -T 2 -qO- http://ADDRESS/", "echo | nc -w 2 HOST PORT", "cat < /dev/tcp/HOST/PORT", "(exec 3<>/dev/tcp/HOST/PORT; cat <&3)",
	"curl -s --max-time 2 http://localhost:PORT/", "curl -s --max-time 2 -x ADDRESS http://example.com/", "curl -s --max-time 2 -T FILE http://ADDRESS/", "ssh localhost", "python3 -c pass", "nslookup example.com",
	"date", "date +%F", "date -Is", "printf \"%(%F)T\\n\" -1", "echo $EPOCHSECONDS $SECONDS", "uptime", "stat -c %y /etc/hostname", "ls -l --full-time /etc",
}

var kubectlEscapes = []string{
	"kubectl apply -f FILE", "kubectl apply -fFILE", "kubectl apply -f=FILE", "kubectl apply --filename=FILE", "kubectl apply -RfFILE", "kubectl apply -Rf FILE", "kubectl apply -wf FILE", "kubectl get -wfFILE", "kubectl apply -f ../../../../../..FILE",
	"kubectl delete -f FILE", "ln -sf FILE m.yaml; kubectl apply -f m.yaml", "kubectl apply -f DIR", "kubectl apply -R -f /",
	"kubectl apply -f http://ADDRESS/", "kubectl apply -k DIR", "kubectl apply -k ../../../../../../..DIR", "kubectl kustomize ../../../../../../..DIR", "printf \"resources: [../../../../../..DIR]\\n\" > kustomization.yaml; kubectl kustomize .",
	"printf \"resources: [../../DIRNAME]\\n\" > kustomization.yaml; kubectl kustomize .", "printf \"bases: [http://ADDRESS/x.git]\\n\" > kustomization.yaml; kubectl apply -k .", "printf \"components: [git@HOST:x/y]\\n\" > kustomization.yaml; kubectl kustomize",
	"printf \"resources: [http://ADDRESS/x.yaml]\\n\" > kustomization.yaml; kubectl kustomize .; kubectl apply -k .", "printf \"configMapGenerator: [{name: c, files: [../../../../../..FILE]}]\\n\" > kustomization.yaml; kubectl kustomize .; rm kustomization.yaml",
	"kubectl kustomize DIR", "kubectl kustomize http://ADDRESS/x.git", "printf \"resources: [DIR]\\n\" > kustomization.yaml; kubectl kustomize .",
	"kubectl kustomize --load-restrictor=LoadRestrictionsNone DIR", "kubectl kustomize . -o DIR/written",
	"printf \"helmCharts: [{name: x}]\\n\" > kustomization.yaml; kubectl kustomize --enable-helm --helm-command=DIR/bin/kubectl-foo .",
	"kubectl create configmap a1 --from-file=FILE; kubectl get configmap a1 -o yaml", "kubectl create configmap a2 --from-file=k=FILE; kubectl get configmap a2 -o yaml", "kubectl create configmap a3 --from-file k=FILE; kubectl get configmap a3 -o yaml",
	"kubectl create configmap a4 --from-env-file=FILE; kubectl get configmap a4 -o yaml", "kubectl create configmap a5 --from-file=DIR; kubectl get configmap a5 -o yaml",
	"kubectl create secret generic a6 --from-file=FILE; kubectl get secret a6 -o jsonpath={.data.secret} | base64 -d", "kubectl create secret tls a7 --cert=FILE --key=FILE", "kubectl create secret docker-registry a8 --from-file=FILE",
	"kubectl get pods -o go-template-file=FILE", "kubectl get pods -o go-template-file --template=FILE", "kubectl get pods --template FILE -o go-template-file", "kubectl get pods -o jsonpath-file=FILE", "kubectl get pods -o custom-columns-file=FILE",
	"kubectl patch pod busy --patch-file FILE", "kubectl patch pod busy --patch-file=FILE", "kubectl cp FILE busy:/x; kubectl exec busy -- cat /x", "kubectl cp -- FILE busy:/x2; kubectl exec busy -- cat /x2", "kubectl cp FILE busy:/x3 -c busy; kubectl exec busy -- cat /x3",
	"kubectl cp -c busy FILE busy:/x4; kubectl exec busy -- cat /x4", "kubectl cp DIR busy:/x5; kubectl exec busy -- cat /x5/secret", "kubectl cp busy:/etc/hostname DIR/written", "kubectl cp busy:/etc/hostname DIR/written -c busy", "kubectl cp -- busy:/etc/hostname DIR/written",
	"kubectl --kubeconfig=DIR/.kube/config get pods", "kubectl --kubeconfig DIR/.kube/config get pods", "kubectl --server=http://ADDRESS get pods", "kubectl -s http://ADDRESS get pods", "kubectl --token=x get pods", "kubectl --client-certificate=FILE get pods", "kubectl --certificate-authority=FILE get pods",
	"kubectl --cache-dir=DIR/written get pods", "kubectl --kuberc=FILE get pods", "kubectl --profile=cpu --profile-output=DIR/written get pods", "kubectl --log-file=DIR/written get pods", "kubectl --context=x get pods",
	"kubectl foo", "kubectl plugin list", "kubectl config view", "kubectl edit pod busy", "EDITOR=DIR/bin/editor kubectl edit pod busy", "EDITOR=\"sh -c 'cat FILE; touch DIR/ran'\" kubectl edit pod busy", "KUBE_EDITOR=\"cp FILE\" kubectl edit pod busy", "kubectl edit -f FILE", "kubectl diff -f FILE", "kubectl diff -k DIR", "kubectl get pod busy -o yaml | kubectl diff -f -", "kubectl get pod busy -o yaml | sed s/busybox/x/ | KUBECTL_EXTERNAL_DIFF=\"DIR/bin/editor\" kubectl diff -f -", "kubectl get pod busy -o yaml | sed s/busybox/x/ | kubectl diff -f -", "kubectl proxy --port=0", "kubectl port-forward pod/busy 0:80", "kubectl create deployment d --image=nginx --edit", "kubectl apply edit-last-applied pod busy", "kubectl create -f FILE --edit",
	"kubectl set image pod/busy busy=busybox -f FILE", "kubectl run x --image=busybox --overrides=@FILE", "kubectl cluster-info dump --output-directory=DIR/written", "kubectl create token default --bound-object-kind=FILE", "kubectl set env pod/busy --env-file=FILE",
	"kubectl annotate -f FILE a=b", "kubectl label -f FILE a=b", "kubectl rollout status -f FILE", "kubectl scale -f FILE --replicas=1", "kubectl wait -f FILE --for=delete", "kubectl auth reconcile -f FILE", "kubectl replace -f FILE", "kubectl expose -f FILE", "kubectl autoscale -f FILE --max=3", "kubectl logs -f FILE", "kubectl describe -f FILE", "kubectl exec -f FILE -- true", "kubectl exec -fFILE -- true",
	"kubectl apply -Rf=FILE", "kubectl apply --filename FILE -f m.yaml -f FILE", "kubectl apply --filenam FILE", "kubectl apply -f -- FILE", "kubectl -f FILE apply", "kubectl --filename=FILE apply", "kubectl apply -f m.yaml,FILE", "kubectl apply -f \"DIR/*\"",
	"kubectl apply --dry-run=client -fFILE -o yaml", "kubectl -n default apply -Rf FILE --server-side", "kubectl help apply -f FILE", "kubectl apply -h -f FILE", "kubectl __complete apply -f FILE", "kubectl __complete get -f DIR/", "kubectl __completeNoDesc apply -k DIR/", "kubectl apply -RkDIR", "kubectl apply -kDIR", "kubectl apply --kustomize DIR",
	"kubectl get pods -otemplatefile=FILE", "kubectl get pods --output templatefile --template FILE", "kubectl get pods -Ao=go-template-file=FILE", "kubectl get pods --template=FILE -ojsonpath-file", "kubectl get pods -ocustom-columns-file --template FILE", "kubectl get pods -o=jsonpath-file=FILE",
	"kubectl create configmap b1 --from-file FILE,k=FILE; kubectl get configmap b1 -o yaml", "kubectl create cm b2 --from-file=\"k=FILE\" --from-env-file FILE; kubectl get configmap b2 -o yaml", "kubectl patch pod busy --patch-file=FILE --type merge -p {}",
	"kubectl apply view-last-applied -f FILE", "kubectl apply set-last-applied -f FILE --create-annotation", "kubectl cp busy:/etc/hostname -c busy -- DIR/written", "kubectl -n default cp FILE busy:/x6; kubectl exec busy -- cat /x6", "kubectl kustomize -- DIR", "kubectl kustomize -eSTSIM_CANARY .", "kubectl kustomize --mount type=bind,src=DIR,dst=/x .",
	"kubectl get --raw=http://ADDRESS/", "kubectl get --raw /api --v=9", "kubectl create --raw=/api/v1 -f FILE", "kubectl replace --raw=/api/v1 -f FILE", "kubectl delete --raw=/api/v1 -f FILE", "kubectl debug busy --image=busybox --custom=FILE", "kubectl debug busy --image=busybox --profile=FILE", "kubectl explain pods --output=FILE",
}

// What would open a window or a port of this machine says so, and what to do instead.
func TestRefusedWithAHint(t *testing.T) {
	for command, want := range map[string]string{
		"kubectl apply -Rfx.yaml": "the path \"x.yaml\" does not exist", "kubectl get pods -o go-template-file --template=x": "the path \"x\" does not exist", "kubectl kustomize --enable-helm .": "programs of this machine",
		"kubectl edit configmap kube-root-ca.crt": "hint:", "kubectl create -f x --edit": "hint:", "kubectl port-forward pod/x 80": "hint:", "kubectl config view": "kubeconfig", "kubectl proxy": "port",
		"kubectl apply -f http://example.com/x.yaml": "hint:", "kubectl plugin list": "plug", "cat < /dev/tcp/127.0.0.1/80": "not simulated", "cat <(true)": "not simulated",
	} {
		got := console(t, "$ "+command+" || true", "...")
		if printed := strings.Join(got.Outputs[0], "\n"); !strings.Contains(printed, want) {
			t.Errorf("%s: wanted %q: %s", command, want, printed)
		}
	}
}
