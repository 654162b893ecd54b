package sim_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// podNamed is a Pod with a specification, as YAML on one line.
func podNamed(name, spec string) string {
	return "{apiVersion: v1, kind: Pod, metadata: {name: " + name + ", labels: {app: " + name + "}}, spec: " + spec + "}"
}

// The image of a running Pod can be changed. Its container is restarted, whatever state it is in; the Pod stays the same.
func TestTheImageOfARunningPodIsChanged(t *testing.T) {
	s := webWith(t, sim.Options{})
	before := s.pod("web-1")
	change(s, "web-1", func(pod *corev1.Pod) { pod.Spec.Containers[0].Image = newImage })
	s.RunFor(time.Minute)
	after := s.pod("web-1")
	status := after.Status.ContainerStatuses[0]
	if after.UID != before.UID || status.RestartCount != 1 || !strings.HasSuffix(status.Image, "nginx-slim:0.24") || !isReady(after) {
		t.Errorf("after the change: %+v", status)
	}
	if status.LastTerminationState.Terminated == nil || status.ImageID == before.Status.ContainerStatuses[0].ImageID {
		t.Errorf("the run before: %+v, image %s", status.LastTerminationState, status.ImageID)
	}
	if killing := eventsOf(s, "web-1", "Killing"); len(killing) != 1 || killing[0] != "Container nginx definition changed, will be restarted" {
		t.Errorf("Killing: %q", killing)
	}
	if pulled := eventsOf(s, "web-1", "Pulling"); len(pulled) != 2 {
		t.Errorf("Pulling: %q", pulled)
	}
	// The StatefulSet controller does not mind: the Pod has the label of its revision.
	wantImages(s, "an hour of nothing", "web-0=0.21 web-1=0.24 web-2=0.21")

	// In a crash loop the new image runs at once.
	s.do("apply", s.Apply([]byte(podNamed("crash", "{containers: [{name: main, image: 'registry.k8s.io/nginx-slim:0.21', command: [sh, -c, 'exit 1']}]}"))))
	s.RunFor(10*time.Minute + 30*time.Second)
	restarts := s.pod("crash").Status.ContainerStatuses[0].RestartCount
	change(s, "crash", func(pod *corev1.Pod) { pod.Spec.Containers[0].Image = newImage })
	s.RunFor(10 * time.Second)
	if status := s.pod("crash").Status.ContainerStatuses[0]; status.RestartCount <= restarts {
		t.Errorf("the new image waits for the back-off of the old: %d restarts, %+v", status.RestartCount, status.State)
	}
}

// The back-off of a container is forgotten when it has run for ten minutes.
func TestTheBackoffIsForgottenAfterTenMinutes(t *testing.T) {
	for _, one := range []struct {
		runs string
		want string
	}{{"590", "CrashLoopBackOff"}, {"610", "Running"}} {
		s := lesson(t, sim.Options{}, podNamed("a", `{containers: [{name: main, image: busybox, command: [sh, -c, 'n=$(cat /data/n 2>/dev/null || echo 0); echo $((n+1)) > /data/n; [ $n -ge 3 ] && sleep `+one.runs+`; exit 1'], volumeMounts: [{name: d, mountPath: /data}]}], volumes: [{name: d, emptyDir: {}}]}`))
		s.RunFor(2 * time.Minute)
		for s.pod("a").Status.ContainerStatuses[0].RestartCount < 3 || s.pod("a").Status.ContainerStatuses[0].State.Running == nil {
			s.RunFor(time.Second)
		}
		for s.pod("a").Status.ContainerStatuses[0].State.Running != nil && s.pod("a").Status.ContainerStatuses[0].RestartCount == 3 {
			s.RunFor(time.Second)
		}
		s.RunFor(5 * time.Second)
		state := "Running"
		if waiting := s.pod("a").Status.ContainerStatuses[0].State.Waiting; waiting != nil {
			state = waiting.Reason
		}
		if state != one.want {
			t.Errorf("after a run of %s s: %s, expected %s", one.runs, state, one.want)
		}
	}
}

// A preStop hook that fails is told of, and the container is stopped all the same.
func TestAPreStopHookFails(t *testing.T) {
	s := lesson(t, sim.Options{}, podNamed("a", "{containers: [{name: main, image: nginx, lifecycle: {preStop: {exec: {command: [sh, -c, 'exit 3']}}}}]}"))
	s.RunFor(30 * time.Second)
	s.do("delete", s.deletePod("a", false))
	s.RunFor(30 * time.Second)
	if got := strings.Join(eventsOf(s, "a", "FailedPreStopHook"), ","); got != "PreStopHook failed" {
		t.Errorf("FailedPreStopHook: %q", got)
	}
	if got := names[*corev1.Pod](s); got != "" {
		t.Errorf("%s is still there", got)
	}
}

// Each sort of probe keeps a Pod from being ready until it succeeds.
func TestProbesOfAllSorts(t *testing.T) {
	for name, one := range map[string]struct{ good, bad, says string }{
		"http": {"httpGet: {path: /, port: 80}", "httpGet: {path: /none, port: 80}", "Readiness probe failed: HTTP probe failed with statuscode: 404"},
		"tcp":  {"tcpSocket: {port: 80}", "tcpSocket: {port: 81}", "connect: connection refused"},
		"exec": {"exec: {command: ['true']}", "exec: {command: [sh, -c, 'echo no; exit 1']}", "Readiness probe failed: no"},
		"grpc": {"", "grpc: {port: 80}", "Readiness probe failed: "},
	} {
		for probe, ready := range map[string]bool{one.good: true, one.bad: false} {
			if probe == "" {
				continue
			}
			s := lesson(t, sim.Options{}, podNamed("a", "{containers: [{name: main, image: nginx, readinessProbe: {"+probe+", periodSeconds: 5}}]}"))
			s.RunFor(time.Minute)
			if isReady(s.pod("a")) != ready {
				t.Errorf("%s: %s: ready is %t", name, probe, !ready)
			}
			if told := strings.Join(eventsOf(s, "a", "Unhealthy"), " "); !ready && !strings.Contains(told, one.says) {
				t.Errorf("%s: %s tells %q", name, probe, told)
			}
		}
	}
}

// Sidecars start before the containers, in order, each when the one before it has started; they end after them, in reverse.
func TestTheOrderOfSidecars(t *testing.T) {
	s := lesson(t, sim.Options{}, podNamed("a", `{terminationGracePeriodSeconds: 20, initContainers: [
  {name: first, image: busybox, restartPolicy: Always, command: [sh, -c, 'trap "exit 0" TERM; while true; do sleep 1; done']},
  {name: setup, image: busybox, command: [sleep, '3']},
  {name: second, image: busybox, restartPolicy: Always, command: [sh, -c, 'trap "exit 0" TERM; while true; do sleep 1; done'], startupProbe: {exec: {command: ['true']}, initialDelaySeconds: 5}}],
 containers: [{name: main, image: busybox, command: [sh, -c, 'trap "sleep 2; exit 0" TERM; while true; do sleep 1; done']}]}`))
	s.RunFor(time.Minute)
	if !isReady(s.pod("a")) {
		t.Fatalf("the Pod is not ready\n%s", state(s.Cluster))
	}
	begun := map[string]time.Time{}
	for run := range store.Rows[*container.Container](s.View(), container.Containers, "") {
		begun[run.Name] = run.StartedAt
	}
	inOrder := func(what string, at map[string]time.Time, order ...string) {
		t.Helper()
		for i := 1; i < len(order); i++ {
			if at[order[i-1]].IsZero() || !at[order[i-1]].Before(at[order[i]]) {
				t.Errorf("%s: %s at %s, %s at %s", what, order[i-1], at[order[i-1]], order[i], at[order[i]])
			}
		}
	}
	inOrder("start", begun, "first", "setup", "second", "main")
	if begun["main"].Sub(begun["second"]) < 5*time.Second {
		t.Errorf("main started %s after second, which has a startup probe", begun["main"].Sub(begun["second"]))
	}
	s.do("delete", s.deletePod("a", false))
	ended := map[string]time.Time{}
	for end := s.Now().Add(30 * time.Second); s.Now().Before(end) && s.Step(); {
		for run := range store.Rows[*container.Container](s.View(), container.Containers, "") {
			if run.State == container.Exited && run.Name != "setup" {
				ended[run.Name] = run.FinishedAt
			}
		}
	}
	inOrder("end", ended, "main", "second", "first")
}

// What a Pod is told of its surroundings: Services in its environment, itself in files.
func TestWhatAPodKnows(t *testing.T) {
	s := lesson(t, sim.Options{}, strings.Replace(web, "clusterIP: None", "clusterIP: 10.96.0.77", 1),
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {mode: fast}}",
		"{apiVersion: v1, kind: Secret, metadata: {name: keys}, stringData: {password: sesame}}",
		podNamed("a", `{containers: [{name: main, image: busybox, command: [sleep, infinity], resources: {limits: {memory: 64Mi}},
  env: [{name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: ROOM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}],
  volumeMounts: [{name: all, mountPath: /all}, {name: here, mountPath: /here}]}],
 volumes: [{name: here, hostPath: {path: /mnt/here, type: DirectoryOrCreate}},
  {name: all, projected: {sources: [{configMap: {name: settings}}, {secret: {name: keys, items: [{key: password, path: secrets/password}]}},
   {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}, {serviceAccountToken: {path: token}}]}}]}`))
	s.RunFor(time.Minute)
	pod := s.pod("a")
	for command, want := range map[string]string{
		"echo $NGINX_SERVICE_HOST:$NGINX_SERVICE_PORT $NGINX_SERVICE_PORT_WEB $NGINX_PORT_80_TCP": "10.96.0.77:80 80 tcp://10.96.0.77:80\n",
		"echo $KUBERNETES_SERVICE_HOST $ME $ROOM":                                                 "10.96.0.1 a 64\n",
		"cat /all/mode /all/secrets/password /all/labels":                                         "fastsesameapp=\"a\"",
		"ls /all": "labels\nmode\nsecrets\ntoken\n",
	} {
		if got := runIn(s, pod, "sh", "-c", command); got != want {
			t.Errorf("%s: %q, expected %q", command, got, want)
		}
	}

	// A directory of the host belongs to the node: what is written there is seen on that node only.
	runIn(s, pod, "sh", "-c", "echo kept > /here/file")
	for _, node := range []string{"node-1", "node-2", "node-3"} {
		s.do("apply", s.Apply([]byte(podNamed("on-"+node, "{nodeName: "+node+", containers: [{name: main, image: busybox, command: [sleep, infinity], volumeMounts: [{name: here, mountPath: /here}]}], volumes: [{name: here, hostPath: {path: /mnt/here, type: DirectoryOrCreate}}]}"))))
		s.RunFor(30 * time.Second)
		want := ""
		if node == pod.Spec.NodeName {
			want = "file\n"
		}
		if got := runIn(s, s.pod("on-"+node), "ls", "/here"); got != want {
			t.Errorf("/mnt/here of %s has %q, expected %q", node, got, want)
		}
	}
}

// The log of a Pod on a node that is cut off cannot be had.
func TestLogsOfALostNode(t *testing.T) {
	s := webWith(t, sim.Options{})
	pod := s.pod("web-1")
	s.do("cut", s.Befall(sim.Fault{Verb: sim.NodeCut, Node: pod.Spec.NodeName}))
	_, _, _, err := container.Logs(s.View(), nameOf(pod), "nginx", false, 0)
	address := pod.Status.HostIP + ":10250"
	if want := `Get "https://` + address + `/containerLogs/default/web-1/nginx": dial tcp ` + address + `: i/o timeout`; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}
