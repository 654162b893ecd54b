package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/scenarios"
)

// jsonStep is one command in the output of run --json.
type jsonStep struct {
	Line        int     `json:"line"`
	Command     string  `json:"command"`
	Output      string  `json:"output"`
	Status      int     `json:"status"`
	Interrupted bool    `json:"interrupted,omitempty"`
	OK          bool    `json:"ok"`
	Reason      string  `json:"reason,omitempty"`
	VirtualTime float64 `json:"virtualSeconds"` // since the page began
}

// jsonCheck is one check in that output.
type jsonCheck struct {
	Line        int     `json:"line"`
	Check       string  `json:"check"`
	OK          bool    `json:"ok"`
	Reason      string  `json:"reason,omitempty"`
	VirtualTime float64 `json:"virtualSeconds"` // since the page began
}

// jsonReport is the last object of that output.
type jsonReport struct {
	Summary jsonCounts `json:"summary"`
}

type jsonCounts struct {
	Page        string   `json:"page"`
	Commands    int      `json:"commands"` // as the page says
	Checks      int      `json:"checks"`   // that hold
	Failed      int      `json:"failed"`
	Broken      []string `json:"brokenPromises,omitempty"`
	Stopped     bool     `json:"stopped,omitempty"` // before the end of the page
	VirtualTime float64  `json:"virtualSeconds"`
}

func jsonSteps(out io.Writer) func(scenarios.Played) {
	encoder := jsonEncoder(out)
	return func(played scenarios.Played) {
		if check := played.Check; check != nil {
			text := check.Check
			if check.Word == scenarios.Breaks {
				text = string(scenarios.Breaks) + " " + check.Sentence
			}
			_ = encoder.Encode(jsonCheck{Line: check.Line, Check: text, OK: played.Reason == "", Reason: played.Reason, VirtualTime: played.Clock.Seconds()})
			return
		}
		output := strings.Join(played.Output, "\n")
		if output != "" {
			output += "\n"
		}
		_ = encoder.Encode(jsonStep{Line: played.Step.Line, Command: played.Step.Command, Output: output, Status: played.Status, Interrupted: played.Interrupted,
			OK: played.Reason == "", Reason: played.Reason, VirtualTime: played.Clock.Seconds()}) // an error shows when the output is flushed
	}
}

func jsonSummary(out io.Writer, page *scenarios.Page, report *scenarios.Report) error {
	counts := jsonCounts{Page: page.Name, Commands: report.Commands, Checks: report.Checks, Failed: report.Failed, Stopped: report.Stopped, VirtualTime: report.Virtual.Seconds()}
	for _, broken := range report.Broken {
		counts.Broken = append(counts.Broken, fmt.Sprint(broken))
	}
	return jsonEncoder(out).Encode(jsonReport{counts})
}

func jsonEncoder(out io.Writer) *json.Encoder {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder
}

// liveWriter shows output as it comes when a person watches.
type liveWriter struct {
	to   *bufio.Writer
	live bool
}

// Write implements [io.Writer].
func (w liveWriter) Write(data []byte) (int, error) {
	n, err := w.to.Write(data)
	if err == nil && w.live {
		err = w.to.Flush()
	}
	return n, err
}

// progress says on standard error what takes longer than a second.
type progress struct {
	to     io.Writer
	silent bool
	mu     sync.Mutex
	timer  *time.Timer
}

func (p *progress) begin(what string) {
	p.end()
	if p.silent {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first, _, _ := strings.Cut(what, "\n")
	p.timer = time.AfterFunc(time.Second, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.timer != nil {
			fmt.Fprintf(p.to, "running: %s\n", first)
		}
	})
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// colours says whether the person wants them: see https://no-color.org.
func colours() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }
