package dnsserver

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// TestQuestionsThatCameTogether keeps the server from its source while more questions arrive than it reads at once, some of them
// nonsense. Everybody gets the own replies.
func TestQuestionsThatCameTogether(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			var guard sync.Mutex
			server, err := Listen(netip.MustParseAddrPort(address), ServerOptions{Source: speedCluster(), Guard: &guard, Config: DefaultConfig()})
			if err != nil {
				t.Skip(err) // a machine without that family
			}
			defer shutdown(server)
			const asked, nonsense = 100, 4
			guard.Lock()
			type client struct {
				read  func([]byte) (int, error)
				first int
			}
			var clients []client
			for i := range 3 {
				conn := dialServer(t, server, "udp")
				for number := range asked {
					packet := packQuestion("web-"+string(rune('0'+number%4))+".nginx.default.svc.cluster.local.", dns.TypeA)
					binary.BigEndian.PutUint16(packet, uint16(i<<12+number))
					_, _ = conn.Write(packet)
				}
				_, _ = conn.Write(nil)
				_, _ = conn.Write([]byte{1})
				_, _ = conn.Write(make([]byte, maxQuestionSize+1))
				_, _ = conn.Write(append([]byte{0, 0, flagQR}, make([]byte, 20)...))
				clients = append(clients, client{conn.Read, i << 12})
			}
			guard.Unlock()
			buffer := make([]byte, 4096)
			for _, client := range clients {
				for number := range asked {
					size, err := client.read(buffer)
					reply := new(dns.Msg)
					if err != nil || reply.Unpack(buffer[:size]) != nil || int(reply.Id) != client.first+number {
						t.Fatalf("expected the reply to question %d, found %v, %v", client.first+number, reply, err)
					}
					if name := reply.Question[0].Name; name[4] != byte('0'+number%4) || len(reply.Answer) != map[bool]int{true: 0, false: 1}[number%4 == 3] {
						t.Errorf("question %d: found %v", number, reply)
					}
				}
			}
			if metrics := shutdown(server); metrics.Queries != 3*asked || metrics.Dropped != 3*nonsense {
				t.Errorf("expected %d queries and %d dropped, found %s", 3*asked, 3*nonsense, metrics)
			}
		})
	}
}

// TestShutdownUnderLoad ends servers while questions come in.
func TestShutdownUnderLoad(t *testing.T) {
	for range 20 {
		server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig()})
		conn := dialServer(t, server, "udp")
		stop := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = conn.Write(packQuestion("vip.default.svc.cluster.local.", dns.TypeA))
				}
			}
		})
		group.Go(func() { shutdown(server) })
		metrics := shutdown(server)
		close(stop)
		group.Wait()
		if again := server.Metrics(); again != metrics {
			t.Errorf("expected nothing to be done after the end, found %s, then %s", metrics, again)
		}
	}
}
