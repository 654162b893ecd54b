//go:build unix

package dnsserver

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// The speed of the server is measured against the plainest thing that can be done with a [net.UDPConn], an echo: both run
// as processes of their own, one after the other in many short rounds, and get the same questions from the same clients.
// The server may win: it reads and writes many packets with one system call where the echo needs two for each.
//
//	go test ./dnsserver -run '^$' -bench Speed -benchtime 1x
const (
	rounds       = 12
	roundTime    = 300 * time.Millisecond
	clients      = 8
	window       = 32 // questions of one client on their way, in a round about throughput
	pacedGap     = 2 * time.Millisecond
	subjectAsked = "STSIM_DNS_SPEED_SUBJECT" // in the environment of a process that is to be measured
)

// TestMain lets the test binary be the process that is measured.
func TestMain(m *testing.M) {
	subject := os.Getenv(subjectAsked)
	if subject == "" {
		os.Exit(m.Run())
	}
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	switch subject {
	case "echo":
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(loopback))
		if err != nil {
			panic(err)
		}
		_ = conn.SetReadBuffer(receiveBuffer)
		go echo(conn)
		fmt.Println(conn.LocalAddr())
	case "server":
		server, err := Listen(loopback, ServerOptions{Source: speedCluster(), Config: DefaultConfig(), Shuffle: true})
		if err != nil {
			panic(err)
		}
		defer server.Shutdown(context.Background())
		fmt.Println(server.Address())
	}
	// Every line that comes in asks for the processor time so far.
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		fmt.Println(usage.Utime.Nano() + usage.Stime.Nano())
	}
}

// echo is the yardstick: a loop with nothing in it.
func echo(conn *net.UDPConn) {
	packet := make([]byte, maxQuestionSize+1)
	for {
		size, client, err := conn.ReadFromUDPAddrPort(packet)
		if err != nil {
			return
		}
		packet[2] |= flagQR
		_, _ = conn.WriteToUDPAddrPort(packet[:size], client)
	}
}

// measured is a process that is measured, and what has been found out about it.
type measured struct {
	address string
	ask     func() time.Duration // processor time so far
	cpu     []float64            // microseconds for a question, one number a round
	rate    []float64            // questions a second
	p50     []float64            // microseconds
}

func startSubject(b *testing.B, name string) *measured {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), subjectAsked+"="+name)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Scan()
	return &measured{address: lines.Text(), ask: func() time.Duration {
		_, _ = fmt.Fprintln(in)
		lines.Scan()
		nanoseconds, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		return time.Duration(nanoseconds)
	}}
}

// BenchmarkSpeed prints the ratios of the server to the echo: processor time for a question (goal: at most 1.4) and the
// median of the time to a reply at an easy pace (goal: at most 1.2).
func BenchmarkSpeed(b *testing.B) {
	for range b.N {
		echo, server := startSubject(b, "echo"), startSubject(b, "server")
		for round := range rounds {
			order := []*measured{echo, server}
			if round%2 == 1 {
				slices.Reverse(order)
			}
			for _, s := range order {
				s.throughput(b)
			}
			for _, s := range order {
				s.latency(b)
			}
		}
		for name, s := range map[string]*measured{"echo": echo, "server": server} {
			b.ReportMetric(median(s.cpu), name+"-cpu-us/query")
			b.ReportMetric(median(s.rate), name+"-queries/s")
			b.ReportMetric(median(s.p50), name+"-p50-us")
		}
		b.ReportMetric(medianRatio(server.cpu, echo.cpu), "cpu-ratio")
		b.ReportMetric(medianRatio(server.p50, echo.p50), "p50-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// throughput keeps many questions on their way and notes processor time for each.
func (s *measured) throughput(b *testing.B) {
	before, began := s.ask(), time.Now()
	var answered atomic.Int64
	s.eachClient(b, func(conn *net.UDPConn, packets [][]byte) {
		buffer := make([]byte, dns.MaxMsgSize)
		sent := 0
		send := func() {
			packet := packets[sent%len(packets)]
			binary.BigEndian.PutUint16(packet, uint16(sent))
			_, _ = conn.Write(packet)
			sent++
		}
		for range window {
			send()
		}
		end := time.Now().Add(roundTime)
		_ = conn.SetReadDeadline(end.Add(100 * time.Millisecond))
		count := int64(0)
		for count%64 != 0 || time.Now().Before(end) {
			if _, err := conn.Read(buffer); err != nil {
				break
			}
			count++
			send()
		}
		answered.Add(count)
	})
	used, took := s.ask()-before, time.Since(began)
	s.cpu = append(s.cpu, float64(used.Nanoseconds())/1000/float64(answered.Load()))
	s.rate = append(s.rate, float64(answered.Load())/took.Seconds())
}

// latency asks at an easy pace, one question of a client at a time.
func (s *measured) latency(b *testing.B) {
	var mutex sync.Mutex
	var times []float64
	s.eachClient(b, func(conn *net.UDPConn, packets [][]byte) {
		buffer := make([]byte, dns.MaxMsgSize)
		var own []float64
		for i := range int(roundTime / pacedGap) {
			_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			began := time.Now()
			_, _ = conn.Write(packets[i%len(packets)])
			if _, err := conn.Read(buffer); err == nil {
				own = append(own, float64(time.Since(began).Nanoseconds())/1000)
			}
			time.Sleep(pacedGap)
		}
		mutex.Lock()
		defer mutex.Unlock()
		times = append(times, own...)
	})
	s.p50 = append(s.p50, median(times))
}

func (s *measured) eachClient(b *testing.B, run func(conn *net.UDPConn, packets [][]byte)) {
	b.Helper()
	var group sync.WaitGroup
	for range clients {
		conn, err := net.Dial("udp", s.address)
		if err != nil {
			b.Fatal(err)
		}
		group.Go(func() {
			defer func() { _ = conn.Close() }()
			run(conn.(*net.UDPConn), speedMix())
		})
	}
	group.Wait()
}

// medianRatio compares round by round, so that whatever else the machine does weighs on both.
func medianRatio(over, under []float64) float64 {
	ratios := make([]float64, len(over))
	for i := range over {
		ratios[i] = over[i] / under[i]
	}
	return median(ratios)
}

func median(numbers []float64) float64 {
	if len(numbers) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(numbers))
	return sorted[len(sorted)/2]
}
