package why_test

import (
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
)

func init() { situations = append(situations, befallen...) }

// befall makes faults happen that are given as text.
func (s *situation) befall(texts ...string) {
	for _, text := range texts {
		fault, err := sim.ParseFault(text)
		s.check(err)
		s.check(s.Befall(fault))
	}
}

// readyWhenOpen and livingWhenOpen are probes that succeed unless they are made to fail.
var (
	readyWhenOpen  = strings.Replace(mount, "volumeMounts:", "readinessProbe: {tcpSocket: {port: 80}}\n        volumeMounts:", 1)
	livingWhenOpen = strings.Replace(mount, "volumeMounts:", "livenessProbe: {tcpSocket: {port: 80}}\n        volumeMounts:", 1)
)

// befallen are what somebody made go wrong on purpose.
var befallen = []struct {
	name, release string
	without       []string
	make          func(s *situation)
	ask           string
}{
	{name: "made-unready", ask: "sts/web pod/web-1", make: func(s *situation) {
		s.web(mount, readyWhenOpen)
		s.settle()
		s.befall("probe-fails web-1 readiness")
		s.RunFor(time.Minute)
	}},
	{name: "made-to-restart", ask: "pod/web-1", make: func(s *situation) {
		s.web(mount, livingWhenOpen)
		s.settle()
		s.befall("probe-fails web-1 liveness", "volume-full www-web-1")
		s.RunFor(130 * time.Second)
	}},
	{name: "made-to-lack-images", ask: "pod/web-0", make: func(s *situation) {
		s.befall("pulls-fail node-1", "pulls-fail node-2", "pulls-fail node-3")
		s.web()
		s.RunFor(time.Minute)
	}},
	{name: "made-to-wait-for-images", ask: "pod/web-0", make: func(s *situation) {
		s.befall("pulls-slow node-1 10m", "pulls-slow node-2 10m", "pulls-slow node-3 10m")
		s.web()
		s.RunFor(time.Minute)
	}},
	{name: "made-of-bad-disks", ask: "pvc/www-web-0 pvc/www-web-1", make: func(s *situation) {
		s.web()
		s.settle()
		s.befall("volume-full www-web-0", "volume-fails www-web-1")
	}},
	{name: "made-without-an-api", ask: "sts/web", make: func(s *situation) {
		s.web()
		s.RunFor(time.Second)
		s.befall("api-down")
		s.RunFor(time.Minute)
	}},
	{name: "made-unreachable", ask: "no/node-2", make: func(s *situation) {
		s.befall("node-cut node-2")
		s.RunFor(2 * time.Minute)
	}},
}
