package zookeeper

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app/quorum"
	"github.com/stsim/stsim/storage"
)

// config is what a server reads from zoo.cfg and myid when it starts.
type config struct {
	path            string
	dataDir, logDir string
	clientPort      uint16
	tick            time.Duration
	initLimit, sync int
	maxConnections  int
	minSession      time.Duration
	maxSession      time.Duration
	members         quorum.Config
	id              string
	electionPort    uint16
	quorumPort      uint16
	standalone      bool
	allowedWords    string   // 4lw.commands.whitelist; "*" for all
	quorumPorts     []string // ID=PORT
}

// readConfig reads the configuration. Errors are the texts with which a server refuses to start.
func readConfig(files *storage.FileSystem, name string) (c config, err error) {
	c = config{path: name, tick: 3 * time.Second, initLimit: 10, sync: 5, maxConnections: 60, allowedWords: "*"}
	text, err := files.ReadText(name)
	if err != nil {
		return c, fmt.Errorf("%s file is missing", name)
	}
	number := func(key, value string, low, high int) int {
		n, problem := strconv.Atoi(value)
		if (problem != nil || n < low || n > high) && err == nil {
			err = fmt.Errorf("expected %s from %d to %d, found %q", key, low, high, value)
		}
		return n
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case line == "" || line[0] == '#':
		case key == "dataDir":
			c.dataDir = value
		case key == "dataLogDir":
			c.logDir = value
		case key == "clientPort":
			c.clientPort = uint16(number(key, value, 1, 65535))
		case key == "tickTime":
			c.tick = time.Duration(number(key, value, 10, 3600000)) * time.Millisecond
		case key == "initLimit":
			c.initLimit = number(key, value, 1, 1000000)
		case key == "syncLimit":
			c.sync = number(key, value, 1, 1000000)
		case key == "maxClientCnxns":
			c.maxConnections = number(key, value, 0, 1000000)
		case key == "minSessionTimeout":
			c.minSession = time.Duration(number(key, value, -1, 100000000)) * time.Millisecond
		case key == "maxSessionTimeout":
			c.maxSession = time.Duration(number(key, value, -1, 100000000)) * time.Millisecond
		case key == "4lw.commands.whitelist":
			c.allowedWords = value
		case strings.HasPrefix(key, "server."):
			if problem := c.server(strings.TrimPrefix(key, "server."), value); problem != nil {
				return c, problem
			}
		}
	}
	if err != nil {
		return c, err
	}
	return c.complete(files)
}

// server reads the line of a member: HOST:PORT:PORT, perhaps with :observer and ;CLIENTPORT behind it.
func (c *config) server(id, value string) error {
	address, client, _ := strings.Cut(value, ";")
	parts := strings.Split(address, ":")
	if n, err := strconv.Atoi(id); err != nil || n < 1 || n > 255 || len(parts) < 3 {
		return fmt.Errorf("server.%s=%s does not have the form host:port or host:port:port or host:port:port:type", id, value)
	}
	priority, _ := strconv.Atoi(id)
	for _, port := range parts[1:3] {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("server.%s=%s does not have the form host:port or host:port:port or host:port:port:type", id, value)
		}
	}
	peer := quorum.Peer{ID: id, Address: net.JoinHostPort(parts[0], parts[2]), Voter: true, Priority: priority}
	if len(parts) > 3 && parts[3] == "observer" {
		peer.Voter, peer.Priority = false, 0
	}
	c.members.Peers = append(c.members.Peers, peer)
	if n, err := strconv.ParseUint(client[strings.LastIndexByte(client, ':')+1:], 10, 16); err == nil && n > 0 {
		c.clientPort = uint16(n)
	}
	c.quorumPorts = append(c.quorumPorts, id+"="+parts[1])
	return nil
}

// complete fills in what follows from the rest, and reads myid.
func (c config) complete(files *storage.FileSystem) (config, error) {
	switch {
	case c.dataDir == "":
		return c, fmt.Errorf("dataDir is not set")
	case c.clientPort == 0:
		c.clientPort = 2181
	}
	if c.logDir == "" {
		c.logDir = c.dataDir
	}
	if c.minSession <= 0 {
		c.minSession = 2 * c.tick
	}
	if c.maxSession <= 0 {
		c.maxSession = 20 * c.tick
	}
	if c.standalone = len(c.members.Peers) < 2; c.standalone {
		c.id = "0"
		c.members.Peers = []quorum.Peer{{ID: "0", Address: "localhost:0", Voter: true, Priority: 1}}
		return c, nil
	}
	text, err := files.ReadText(c.dataDir + "/myid")
	if err != nil {
		return c, fmt.Errorf("%s/myid file is missing", c.dataDir)
	}
	c.id = strings.TrimSpace(text)
	if _, err := strconv.Atoi(c.id); err != nil {
		return c, fmt.Errorf("serverid %s is not a number", c.id)
	}
	self, found := c.members.Peer(c.id)
	if !found {
		return c, fmt.Errorf("my id %s not in the peer list", c.id)
	}
	_, port, _ := net.SplitHostPort(self.Address)
	election, _ := strconv.ParseUint(port, 10, 16)
	c.electionPort = uint16(election)
	for _, known := range c.quorumPorts {
		if port, mine := strings.CutPrefix(known, c.id+"="); mine {
			n, _ := strconv.ParseUint(port, 10, 16)
			c.quorumPort = uint16(n)
		}
	}
	return c, nil
}

// rules are the times of this configuration. A leader pings every tick, and is given up when it was silent for syncLimit of them.
func (c config) rules() quorum.Rules {
	beat := max(c.tick, 500*time.Millisecond)
	return quorum.Rules{Heartbeat: beat, Timeout: max(c.tick*time.Duration(c.sync), 2*beat), Retry: time.Second, Attached: true}
}

// allows says whether a four-letter word may be asked.
func (c config) allows(word string) bool {
	if c.allowedWords == "*" {
		return true
	}
	return slices.Contains(strings.FieldsFunc(c.allowedWords, func(r rune) bool { return r == ',' || r == ' ' }), word)
}
