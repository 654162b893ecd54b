package etcd

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// control is one run of etcdctl.
type control struct {
	*applet.Call
	endpoints []string
	words     []string
	options   map[string]string
}

// etcdctl is the command-line client of API version 2.
func etcdctl(c *applet.Call) applet.Outcome {
	t := control{Call: c, endpoints: []string{"http://127.0.0.1:2379"}, options: map[string]string{}}
	for i := 1; i < len(c.Args); i++ {
		name, value, attached := strings.Cut(strings.TrimLeft(c.Args[i], "-"), "=")
		switch {
		case !strings.HasPrefix(c.Args[i], "-"):
			t.words = append(t.words, c.Args[i])
		case name == "endpoints" || name == "endpoint" || name == "C" || name == "peers" || name == "ttl" || name == "timeout" || name == "o" || name == "output":
			if !attached && i+1 < len(c.Args) {
				i++
				value = c.Args[i]
			}
			if name == "endpoints" || name == "endpoint" || name == "C" || name == "peers" {
				t.endpoints = strings.Split(value, ",")
			}
			t.options[name] = value
		case name == "recursive" || name == "r" || name == "dir" || name == "sort" || name == "p":
			t.options[name] = "true"
		default:
			return t.fail("flag provided but not defined: %s; hint: --endpoints --ttl --recursive --sort -p are simulated", c.Args[i])
		}
	}
	t.words = append(t.words, "", "", "", "")
	switch command := t.words[0]; {
	case command == "cluster-health":
		return t.health()
	case command == "member" && t.words[1] == "list":
		return t.list()
	case command == "member" && t.words[1] == "add" && t.words[3] != "":
		return t.add(t.words[2], t.words[3])
	case command == "member" && t.words[1] == "remove" && t.words[2] != "":
		return t.remove(t.words[2])
	case (command == "set" || command == "mk" || command == "update") && t.words[2] != "":
		return t.set(command, t.words[1], t.words[2])
	case command == "get" && t.words[1] != "":
		return t.get(t.words[1])
	case command == "ls":
		return t.ls(t.words[1])
	case (command == "rm" || command == "rmdir") && t.words[1] != "":
		return t.key("DELETE", t.words[1], "?recursive="+strconv.FormatBool(t.options["recursive"] != "" || t.options["r"] != "")+"&dir="+strconv.FormatBool(command == "rmdir"), "", nil)
	case command == "mkdir" && t.words[1] != "":
		return t.key("PUT", t.words[1], "?dir=true&prevExist=false", "", nil)
	}
	return t.fail("expected cluster-health, member list|add NAME URL|remove ID, set KEY VALUE, mk, update, get KEY, ls, rm or mkdir (API version 2), found %q", strings.Join(c.Args[1:], " "))
}

func (t control) fail(format string, values ...any) applet.Outcome {
	fmt.Fprintf(t.Stderr, "Error:  "+format+"\n", values...)
	return applet.Exit(1)
}

// send sends a request to a URL.
func send(system applet.System, base, method, target, body string) (status int, answer string, err error) {
	place := hostPort(base, "2379")
	request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n%s", method, target, place, len(body), body)
	got, _, err := app.Dial(system, place, []byte(request))
	if err != nil {
		return 0, "", err
	}
	head, text, found := strings.Cut(string(got), "\r\n\r\n")
	fields := strings.Fields(head)
	if !found || len(fields) < 2 {
		return 0, "", errors.New("EOF")
	}
	status, err = strconv.Atoi(fields[1])
	return status, strings.TrimSpace(text), err
}

// any sends a request to the first endpoint that answers.
func (t control) any(method, target, body string) (status int, answer string, outcome applet.Outcome, ok bool) {
	var problems []string
	for i, endpoint := range t.endpoints {
		status, answer, err := send(t.System, endpoint, method, target, body)
		if err == nil {
			return status, answer, applet.Outcome{}, true
		}
		problems = append(problems, fmt.Sprintf("error #%d: %s", i, reasonText(err)))
	}
	return 0, "", t.fail("client: etcd cluster is unavailable or misconfigured; %s", strings.Join(problems, "\n; ")), false
}

// reasonText is a failed connection in the words of a Go program.
func reasonText(err error) string {
	var failure *app.DialError
	if !errors.As(err, &failure) {
		return err.Error()
	}
	host, _, _ := strings.Cut(failure.Place, ":")
	switch failure.Reason {
	case app.UnknownHost:
		return "dial tcp: lookup " + host + ": no such host"
	case applet.TimedOut:
		return "dial tcp " + failure.Address.String() + ": i/o timeout"
	}
	return "dial tcp " + failure.Address.String() + ": connect: " + strings.ToLower(string(failure.Reason))
}

func (t control) membersOf() (list []member, outcome applet.Outcome, ok bool) {
	_, text, outcome, ok := t.any("GET", "/v2/members", "")
	if !ok {
		return nil, outcome, false
	}
	var answer struct{ Members []member }
	if json.Unmarshal([]byte(text), &answer) != nil {
		return nil, t.fail("%s", text), false
	}
	return answer.Members, applet.Outcome{}, true
}

func (t control) health() applet.Outcome {
	members, outcome, ok := t.membersOf()
	if !ok {
		fmt.Fprintln(t.Stdout, "cluster may be unhealthy: failed to list members")
		return outcome
	}
	sound := 0
	for _, m := range members {
		switch {
		case len(m.Clients) == 0:
			fmt.Fprintf(t.Stdout, "member %s is unreachable: no available published client urls\n", m.ID)
			continue
		}
		status, _, err := send(t.System, m.Clients[0], "GET", "/health", "")
		switch {
		case err != nil:
			fmt.Fprintf(t.Stdout, "failed to check the health of member %s on %s: Get %s/health: %s\n", m.ID, m.Clients[0], m.Clients[0], reasonText(err))
			fmt.Fprintf(t.Stdout, "member %s is unreachable: [%s] are all unreachable\n", m.ID, m.Clients[0])
		case status != 200:
			fmt.Fprintf(t.Stdout, "member %s is unhealthy: got unhealthy result from %s\n", m.ID, m.Clients[0])
		default:
			fmt.Fprintf(t.Stdout, "member %s is healthy: got healthy result from %s\n", m.ID, m.Clients[0])
			sound++
		}
	}
	switch {
	case sound == len(members):
		fmt.Fprintln(t.Stdout, "cluster is healthy")
		return applet.Exit(0)
	case sound > len(members)/2:
		fmt.Fprintln(t.Stdout, "cluster is degraded")
	default:
		fmt.Fprintln(t.Stdout, "cluster is unavailable")
	}
	return applet.Exit(5)
}

func (t control) list() applet.Outcome {
	members, outcome, ok := t.membersOf()
	if !ok {
		return outcome
	}
	leader := ""
	if _, text, _, ok := t.any("GET", "/v2/stats/self", ""); ok {
		var self map[string]string
		if json.Unmarshal([]byte(text), &self) == nil {
			leader = self["leader"]
		}
	}
	for _, m := range members {
		if m.Name == "" {
			fmt.Fprintf(t.Stdout, "%s[unstarted]: peerURLs=%s\n", m.ID, strings.Join(m.Peers, ","))
			continue
		}
		fmt.Fprintf(t.Stdout, "%s: name=%s peerURLs=%s clientURLs=%s isLeader=%t\n", m.ID, m.Name, strings.Join(m.Peers, ","), strings.Join(m.Clients, ","), m.ID == leader)
	}
	return applet.Exit(0)
}

func (t control) add(name, peer string) applet.Outcome {
	body, err := json.Marshal(member{Peers: []string{peer}})
	if err != nil {
		return t.fail("%v", err)
	}
	status, text, outcome, ok := t.any("POST", "/v2/members", string(body))
	if !ok {
		return outcome
	}
	var added member
	if status != 201 || json.Unmarshal([]byte(text), &added) != nil {
		return t.fail("%s", messageOf(text))
	}
	fmt.Fprintf(t.Stdout, "Added member named %s with ID %s to cluster\n\n", name, added.ID)
	members, outcome, ok := t.membersOf()
	if !ok {
		return outcome
	}
	var cluster []string
	for _, m := range members {
		who := m.Name
		if m.ID == added.ID {
			who = name
		}
		cluster = append(cluster, who+"="+m.Peers[0])
	}
	fmt.Fprintf(t.Stdout, "ETCD_NAME=%q\nETCD_INITIAL_CLUSTER=%q\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n", name, strings.Join(cluster, ","))
	return applet.Exit(0)
}

func messageOf(text string) string {
	var said struct {
		Message string
		Code    int `json:"errorCode"`
		Cause   string
		Index   uint64
	}
	if json.Unmarshal([]byte(text), &said) != nil || said.Message == "" {
		return text
	}
	if said.Code != 0 {
		return fmt.Sprintf("%d: %s (%s) [%d]", said.Code, said.Message, said.Cause, said.Index)
	}
	return said.Message
}

func (t control) remove(id string) applet.Outcome {
	status, text, outcome, ok := t.any("DELETE", "/v2/members/"+url.PathEscape(id), "")
	if !ok {
		return outcome
	}
	if status != 204 {
		return t.fail("%s", messageOf(text))
	}
	fmt.Fprintf(t.Stdout, "Removed member %s from cluster\n", id)
	return applet.Exit(0)
}

// key sends a request about a key and lets show print the answer.
func (t control) key(method, name, query, body string, show func(node)) applet.Outcome {
	status, text, outcome, ok := t.any(method, "/v2/keys/"+strings.TrimPrefix(name, "/")+query, body)
	if !ok {
		return outcome
	}
	var answer struct{ Node node }
	if status >= 300 || json.Unmarshal([]byte(text), &answer) != nil {
		fmt.Fprintf(t.Stderr, "Error:  %s\n", messageOf(text))
		return applet.Exit(4)
	}
	if show != nil {
		show(answer.Node)
	}
	return applet.Exit(0)
}

func (t control) printValue(n node) {
	if n.Value != nil {
		fmt.Fprintln(t.Stdout, *n.Value)
	}
}

func (t control) set(command, name, value string) applet.Outcome {
	form := url.Values{"value": {value}}
	if ttl := t.options["ttl"]; ttl != "" {
		form.Set("ttl", ttl)
	}
	query := map[string]string{"mk": "?prevExist=false", "update": "?prevExist=true"}[command]
	return t.key("PUT", name, query, form.Encode(), t.printValue)
}

func (t control) get(name string) applet.Outcome {
	return t.key("GET", name, "", "", func(n node) {
		if n.Dir {
			fmt.Fprintf(t.Stderr, "%s: is a directory\n", n.Key)
			return
		}
		t.printValue(n)
	})
}

func (t control) ls(name string) applet.Outcome {
	query := ""
	if t.options["recursive"] != "" || t.options["r"] != "" {
		query = "?recursive=true"
	}
	return t.key("GET", name, query, "", func(n node) { t.printNames(n) })
}

func (t control) printNames(n node) {
	for _, child := range n.Nodes {
		suffix := ""
		if child.Dir && t.options["p"] != "" {
			suffix = "/"
		}
		fmt.Fprintln(t.Stdout, child.Key+suffix)
		t.printNames(child)
	}
}
