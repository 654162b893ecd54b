package quorum

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Kind is what a message is about.
type Kind string

// The kinds of messages.
const (
	Poll     Kind = "poll"     // how far are you, and whom do you follow?
	Nominate Kind = "nominate" // you are the one who should lead
	Elect    Kind = "elect"    // vote for me
	Append   Kind = "append"   // I lead: this is the log
	Submit   Kind = "submit"   // to a leader: bring me up to date, and add this
	Have     Kind = "have"     // to a leader: I have the log up to here
	Leave    Kind = "leave"    // I stop
)

// Message is what one member says to another.
type Message struct {
	Kind    Kind     `json:"kind"`
	Group   string   `json:"group,omitempty"` // e.g. the name of a replica set; another group's messages are refused
	From    string   `json:"from"`
	To      string   `json:"to"` // whoever else gets it refuses it: an address may have passed to somebody else
	Term    uint64   `json:"term"`
	At      Position `json:"at"`                // Elect: the end of its log. Append: where Entries begin. Have: how far it has come. Submit: what is agreed on as far as it knows
	Entries []Entry  `json:"entries,omitempty"` // Append; Submit: what is to be added
	Commit  uint64   `json:"commit,omitempty"`
}

// Reply is what the other answers.
type Reply struct {
	OK      bool     `json:"ok"`
	Reason  string   `json:"reason,omitempty"` // why not
	Group   string   `json:"group,omitempty"`
	ID      string   `json:"id"`
	Term    uint64   `json:"term"`
	Role    Role     `json:"role"`
	Leader  string   `json:"leader,omitempty"` // that is fresh
	Last    Position `json:"last"`             // end of its log
	At      Position `json:"at"`               // Submit: where Entries begin
	Entries []Entry  `json:"entries,omitempty"`
	Commit  uint64   `json:"commit,omitempty"`
}

// Why a message is refused.
const (
	NotMember   = "not a member"
	NotLeader   = "not the leader"
	NotMe       = "not the one it is meant for"
	OldTerm     = "an old term"
	OldLog      = "an older log"
	HasLeader   = "there is a leader"
	HasVoted    = "voted for another"
	OtherLog    = "another log"
	OtherGroup  = "another group"
	NoElection  = "never leads"
	NoAgreement = "no majority agrees"
)

// Ask sends a message to a member and gives back its answer. The error is a [Gone] when nobody listens there; other errors are silence.
type Ask func(to Peer, message Message) (Reply, error)

// Gone is the error for a member that is known not to run.
type Gone struct{ Why string }

func (g Gone) Error() string { return g.Why }

func isGone(err error) bool {
	var gone Gone
	return errors.As(err, &gone)
}

// prefix tells messages between members from what clients send to the same port.
const prefix = "stsim-quorum/1 "

// Encode is a message as it is sent.
func (m Message) Encode() []byte { return encode(m) }

// Encode is a reply as it is sent.
func (r Reply) Encode() []byte { return encode(r) }

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		return nil // the types above have nothing that JSON cannot say
	}
	return append([]byte(prefix), text...)
}

// ParseMessage reads a message; false for anything else that a client may send.
func ParseMessage(data []byte) (m Message, ok bool) { return m, decode(data, &m) }

// ParseReply reads a reply.
func ParseReply(data []byte) (r Reply, ok bool) { return r, decode(data, &r) }

func decode(data []byte, into any) bool {
	if !strings.HasPrefix(string(data[:min(len(data), len(prefix))]), prefix) {
		return false
	}
	return json.Unmarshal(bytes.TrimPrefix(data, []byte(prefix)), into) == nil
}
