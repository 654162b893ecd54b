package why_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/why"
)

const named = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: nginx, readinessProbe: {exec: {command: [test, "!", -e, /tmp/broken]}, periodSeconds: 1, failureThreshold: 1}}
`

// Ten things that people run into with names.
func TestNamesThatLeadNowhere(t *testing.T) {
	for _, c := range []struct {
		what, manifest string
		ask            string
		rules          []string // how the answers begin
	}{
		{"all is well", named, "web-0.nginx", []string{"web-0.nginx is web-0.nginx.default.svc.cluster.local: 10.244."}},
		{"a whole name", named, "web-0.nginx.default.svc.cluster.local.", []string{"web-0.nginx.default.svc.cluster.local. is web-0.nginx.default.svc.cluster.local: 10.244."}},
		{"not Ready", strings.Replace(named, `"!", -e`, `-e`, 1), "web-0.nginx", []string{
			"Pod default/web-0 is not Ready, and so DNS has no name for it", "the readiness probe of container nginx of Pod default/web-0 fails"}},
		{"the service of a set that is not Ready", strings.Replace(named, `"!", -e`, `-e`, 1), "nginx", []string{
			"Pod web-0 is no ready endpoint of Service default/nginx, and DNS leaves it out: it is not Ready", "the readiness probe"}},
		{"no Service", named[strings.Index(named, "---"):], "web-0.nginx", []string{"Service nginx (spec.serviceName) does not exist: the Pods run, and have no DNS names"}},
		{"another name", strings.Replace(named, "serviceName: nginx", "serviceName: web", 1), "web-0.nginx", []string{
			`Pod default/web-0 has its name below Service web only, which is its spec.subdomain: web-0.web.default.svc.cluster.local (StatefulSet default/web has serviceName: "web")`}},
		{"another selector", strings.Replace(named, "selector: {app: web}, ports", "selector: {app: other}, ports", 1), "web-0.nginx", []string{
			"the selector app=other of Service default/nginx does not match the labels app=web"}},
		{"two Services", named + "---\n" + strings.Replace(named[:strings.Index(named, "---")], "name: nginx", "name: second", 1), "web-0.second", []string{
			"Pod default/web-0 has its name below Service nginx only"}},
		{"the Pod's name alone", named, "web-0", []string{"web-0 is the name of a Pod, and in DNS a Pod has a name only below a Service"}},
		{"below pod", named, "web-0.default.pod.cluster.local", []string{"below pod.cluster.local there are addresses"}},
		{"not wanted", named, "web-7.nginx", []string{"there is no Pod default/web-7", "StatefulSet default/web wants ordinals 0 to 1"}},
		{"no namespace", named, "web-0.nginx.elsewhere", []string{"there is no namespace elsewhere, and so no web-0.nginx.elsewhere.svc.cluster.local"}},
		{"no such thing", named, "db", []string{"there is no Service default/db"}},
		{"of the world", named, "www.example.org.a.b", []string{"www.example.org.a.b is no name of the cluster"}},
		{"with its port", strings.Replace(named, `"!", -e`, `-e`, 1), "_web._tcp.nginx.default.svc.cluster.local", []string{"Pod web-0 is no ready endpoint", "the readiness"}},
		{"an alias", "{apiVersion: v1, kind: Service, metadata: {name: alias}, spec: {type: ExternalName, externalName: db.example.org}}", "alias", []string{
			"Service default/alias is another name for db.example.org, which the cluster's DNS does not know"}},
		{"nonsense", named, "..", []string{".. is no name of the cluster"}},
		{"nothing", named, "", []string{" is no name of the cluster"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			cluster := sim.New(sim.Options{})
			if err := cluster.Apply([]byte(c.manifest)); err != nil {
				t.Fatal(err)
			}
			cluster.RunFor(time.Minute)
			report, err := why.Explain(cluster.View(), cluster.Settings(), "dns", "default", c.ask)
			if err != nil {
				t.Fatal(err)
			}
			text := why.Text(report.Answers)
			for _, rule := range c.rules {
				if !strings.HasPrefix(text, rule) && !strings.Contains(text, "\n"+rule) {
					t.Errorf("expected %q, found\n%s", rule, text)
				}
			}
			if well := strings.Contains(c.rules[0], "10.244."); report.Fine != well || report.Found != well {
				t.Errorf("%+v", report)
			}
		})
	}
}

// What DNS remembers is told with the time that it still counts.
func TestNamesThatAreRemembered(t *testing.T) {
	cluster := sim.New(sim.Options{DNS: api.DNS{Cache: 30 * time.Second}})
	d := door.New(cluster)
	ask := func(name string) {
		network.ResolverWith(cluster.View(), door.NameCache{Door: d}, cluster.Settings(), nil, nil, 1).Ask(name+".nginx.default.svc.cluster.local", dns.TypeA)
	}
	expect := func(what, begins string) {
		t.Helper()
		text := why.Text(why.Why(cluster.View(), cluster.Settings(), "dns", "default", "web-1.nginx"))
		if !strings.HasPrefix(text, begins) {
			t.Errorf("%s: expected %q, found\n%s", what, begins, text)
		}
	}
	ask("web-1")
	if err := cluster.Apply([]byte(named)); err != nil {
		t.Fatal(err)
	}
	cluster.RunFor(20 * time.Second)
	expect("asked too early", "for 10s more DNS says that there is no web-1.nginx.default.svc.cluster.local: somebody asked too early, and it remembers that for 30s\n  upstream:")
	cluster.RunFor(10 * time.Second)
	expect("forgotten", "web-1.nginx is web-1.nginx.default.svc.cluster.local: 10.244.")
	ask("web-1")
	before := address(cluster)
	if err := cluster.DeleteObject("Pod", "default", "web-1"); err != nil {
		t.Fatal(err)
	}
	cluster.RunFor(12 * time.Second)
	expect("moved", fmt.Sprintf("for 18s more DNS says that web-1.nginx.default.svc.cluster.local is %s: it remembers what was so, and it is %s now", before, address(cluster)))
}

func address(cluster *sim.Cluster) string {
	settings := *cluster.Settings()
	settings.DNS.Cache = 0
	exchanges := network.ResolverWith(cluster.View(), nil, &settings, nil, nil, 1).Ask("web-1.nginx.default.svc.cluster.local", dns.TypeA)
	return fmt.Sprint(dnsserver.Addresses(exchanges[0].Response)[0])
}
