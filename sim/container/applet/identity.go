package applet

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// account looks in /etc/passwd or /etc/group for a line whose field number has a value.
func (c *Call) account(file string, field int, value string) []string {
	text, err := c.System.Files().ReadText(file)
	if err != nil {
		return nil
	}
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Split(line, ":")
		if len(fields) > 3 && fields[field] == value {
			return fields
		}
	}
	return nil
}

// userName is the name of a user, or the number where there is none. 0 is root everywhere.
func (c *Call) userName(uid int) string { return c.accountName("/etc/passwd", uid) }

func (c *Call) groupName(gid int) string { return c.accountName("/etc/group", gid) }

func (c *Call) accountName(file string, id int) string {
	if fields := c.account(file, 2, strconv.Itoa(id)); fields != nil {
		return fields[0]
	}
	if id == 0 {
		return "root"
	}
	return strconv.Itoa(id)
}

// accountID is the number of a user or group given by name or number.
func (c *Call) accountID(file, name string) (int, bool) {
	if fields := c.account(file, 0, name); fields != nil {
		id, err := strconv.Atoi(fields[2])
		return id, err == nil
	}
	if name == "root" {
		return 0, true
	}
	id, err := strconv.Atoi(name)
	return id, err == nil && id >= 0
}

// id prints who the user is.
func id(c *Call) Outcome {
	o, outcome, ok := c.options("ugnGr", "user=u", "group=g", "name=n", "groups=G", "real=r")
	if !ok {
		return outcome
	}
	who := c.System.Files().Identity()
	uid, gid, groups := who.UID, who.GID, append([]int{who.GID}, who.Groups...)
	if len(o.operands) > 0 {
		fields := c.account("/etc/passwd", 0, o.operands[0])
		if fields == nil && o.operands[0] == "root" {
			fields = []string{"root", "x", "0", "0"}
		}
		if fields == nil {
			return c.fail(1, "%s: no such user", quote(o.operands[0]))
		}
		uid, _ = strconv.Atoi(fields[2])
		gid, _ = strconv.Atoi(fields[3])
		groups = []int{gid}
	}
	slices.Sort(groups[1:])
	groups = slices.Compact(groups)
	one := func(number int, name func(int) string) {
		if o.has("n") {
			c.print(name(number) + "\n")
			return
		}
		c.printf("%d\n", number)
	}
	switch {
	case o.has("u"):
		one(uid, c.userName)
	case o.has("g"):
		one(gid, c.groupName)
	case o.has("G"):
		var list []string
		for _, group := range groups {
			text := strconv.Itoa(group)
			if o.has("n") {
				text = c.groupName(group)
			}
			list = append(list, text)
		}
		c.print(strings.Join(list, " ") + "\n")
	case o.has("n"):
		return c.fail(1, "cannot print only names or real IDs in default format")
	default:
		var list []string
		for _, group := range groups {
			list = append(list, c.numbered(group, c.groupName))
		}
		c.printf("uid=%s gid=%s groups=%s\n", c.numbered(uid, c.userName), c.numbered(gid, c.groupName), strings.Join(list, ","))
	}
	return Exit(0)
}

// numbered is "0(root)", or "1000" for a number without a name.
func (c *Call) numbered(number int, name func(int) string) string {
	text := strconv.Itoa(number)
	if known := name(number); known != text {
		return text + "(" + known + ")"
	}
	return text
}

// whoami prints the user's name.
func whoami(c *Call) Outcome {
	if _, outcome, ok := c.options(""); !ok {
		return outcome
	}
	uid := c.System.Files().Identity().UID
	name := c.userName(uid)
	if name == strconv.Itoa(uid) {
		return c.fail(1, "cannot find name for user ID %d", uid)
	}
	c.print(name + "\n")
	return Exit(0)
}

// fullName is the host's fully qualified name.
func (c *Call) fullName() string {
	if domain := c.System.Domain(); domain != "" {
		return c.System.Hostname() + "." + domain
	}
	return c.System.Hostname()
}

// hostname prints the names and addresses of the host.
func hostname(c *Call) Outcome {
	o, outcome, ok := c.options("fdisIA", "fqdn=f", "long=f", "domain=d", "ip-address=i", "short=s", "all-ip-addresses=I", "all-fqdns=A")
	if !ok {
		return outcome
	}
	if len(o.operands) > 0 {
		return c.fail(1, "sethostname: Operation not permitted")
	}
	var addresses []string
	for _, address := range c.System.Addresses() {
		addresses = append(addresses, address.String())
	}
	switch o.last("f", "d", "i", "s", "I", "A") {
	case "f", "A":
		c.print(c.fullName() + "\n")
	case "d":
		c.print(c.System.Domain() + "\n")
	case "i":
		c.print(strings.Join(addresses, " ") + "\n")
	case "I":
		for _, address := range addresses {
			c.print(address + " ")
		}
		c.print("\n")
	default:
		c.print(c.System.Hostname() + "\n")
	}
	return Exit(0)
}

// uname tells about the simulated system.
func uname(c *Call) Outcome {
	o, outcome, ok := c.options("asnrvmpio", "all=a", "kernel-name=s", "nodename=n", "kernel-release=r", "kernel-version=v", "machine=m", "operating-system=o")
	if !ok {
		return outcome
	}
	var parts []string
	add := func(text string, keys ...string) {
		if o.has(keys...) || o.has("a") && keys[0] != "p" {
			parts = append(parts, text)
		}
	}
	if !o.has("a", "n", "r", "v", "m", "p", "i", "o") {
		o.used = append(o.used, option{"s", ""})
	}
	add("Linux", "s")
	add(c.System.Hostname(), "n")
	add("6.1.0-stsim", "r")
	add("#1 SMP simulated", "v")
	add("x86_64", "m")
	add("unknown", "p", "i")
	add("GNU/Linux", "o")
	c.print(strings.Join(parts, " ") + "\n")
	return Exit(0)
}

// uptime tells how long the container's first process has been running. Nobody is logged in, and there is no load.
func uptime(c *Call) Outcome {
	o, outcome, ok := c.options("ps", "pretty=p", "since=s")
	if !ok {
		return outcome
	}
	now := c.System.Now().UTC()
	started := now
	for _, p := range c.System.Processes() {
		if p.Started.Before(started) {
			started = p.Started.UTC()
		}
	}
	if o.has("s") {
		c.print(started.Format(time.DateTime) + "\n")
		return Exit(0)
	}
	minutes := int(now.Sub(started).Minutes())
	days, hours := minutes/1440, minutes/60%24
	var parts []string
	if days > 0 {
		parts = append(parts, strconv.Itoa(days)+plural(" day", days))
	}
	if o.has("p") {
		if hours > 0 {
			parts = append(parts, strconv.Itoa(hours)+plural(" hour", hours))
		}
		parts = append(parts, strconv.Itoa(minutes%60)+plural(" minute", minutes%60))
		c.print("up " + strings.Join(parts, ", ") + "\n")
		return Exit(0)
	}
	if hours > 0 {
		parts = append(parts, padLeft(strconv.Itoa(hours), 2)+":"+padLeftZero(minutes%60))
	} else {
		parts = append(parts, strconv.Itoa(minutes%60)+" min")
	}
	c.printf(" %s up %s,  0 users,  load average: 0.00, 0.00, 0.00\n", now.Format(time.TimeOnly), strings.Join(parts, ", "))
	return Exit(0)
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func padLeftZero(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
