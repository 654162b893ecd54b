package api

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Timestamp is a moment as the API keeps it: in UTC and whole seconds.
func Timestamp(now time.Time) metav1.Time {
	return metav1.NewTime(now.UTC().Truncate(time.Second))
}

var dayCount = regexp.MustCompile(`^([0-9]{1,5})d`)

// ParseDuration reads a duration as Go writes it, with days in front as Kubernetes shows them: 10d, 1d12h, 1m30s. See FormatDuration.
func ParseDuration(text string) (time.Duration, error) {
	var days time.Duration
	if match := dayCount.FindStringSubmatch(text); match != nil {
		count, err := strconv.Atoi(match[1])
		if err != nil {
			return 0, err
		}
		days = time.Duration(count) * 24 * time.Hour
		if text = text[len(match[0]):]; text == "" {
			return days, nil
		}
	}
	rest, err := time.ParseDuration(text)
	if err != nil {
		return 0, err
	}
	if days > 0 && (rest < 0 || rest > 100*365*24*time.Hour) {
		return 0, strconv.ErrRange
	}
	return days + rest, nil
}

// FormatDuration writes a duration exactly, without parts that are zero: 1d12h, 1m30s, 5s, 0s. [ParseDuration] reads it.
func FormatDuration(duration time.Duration) string {
	const day = 24 * time.Hour
	text := ""
	if days := duration / day; days > 0 {
		text, duration = strconv.Itoa(int(days))+"d", duration%day
		if duration == 0 {
			return text
		}
	}
	rest := duration.String()
	if strings.HasSuffix(rest, "m0s") {
		rest = strings.TrimSuffix(rest, "0s")
	}
	if strings.HasSuffix(rest, "h0m") {
		rest = strings.TrimSuffix(rest, "0m")
	}
	return text + rest
}
