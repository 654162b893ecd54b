package applet

import (
	"fmt"
	"path"
	"strings"

	"github.com/stsim/stsim/storage"
)

// meter is the progress meter of a transfer that took no time.
func (r *curlRun) meter() {
	size := len(r.reply.body)
	percent := 100
	if size == 0 {
		percent = 0
	}
	row := "\r%3d %5d  %3d %5d    0     0      0      0 --:--:-- --:--:-- --:--:--     0"
	fmt.Fprint(r.Stderr, "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"+
		"                                 Dload  Upload   Total   Spent    Left  Speed\n")
	fmt.Fprintf(r.Stderr, row, 0, 0, 0, 0)
	fmt.Fprintf(r.Stderr, row+"\n", percent, size, percent, size)
}

// writeOut prints what -w asks for.
func (r *curlRun) writeOut(code int) {
	if !r.o.has("w") {
		return
	}
	format := r.o.value("w", "")
	if name, isFile := strings.CutPrefix(format, "@"); isFile {
		data, err := r.read(name)
		if err != nil {
			return
		}
		format = string(data)
	}
	format, _ = unescape(format, false)
	effective := ""
	if r.url != nil {
		effective = r.url.String()
		if r.url.Path == "" {
			effective += "/"
		}
	}
	remote, port := "", 0
	if r.reply.address.IsValid() {
		remote, port = r.reply.address.Addr().String(), int(r.reply.address.Port())
	}
	location := ""
	if target := r.reply.redirect(r.url); target != nil {
		location = target.String()
	}
	values := map[string]string{
		"http_code": fmt.Sprintf("%03d", r.reply.status), "response_code": fmt.Sprintf("%03d", r.reply.status), "size_download": fmt.Sprint(len(r.reply.body)),
		"size_header": fmt.Sprint(len(r.reply.head)), "url_effective": effective, "remote_ip": remote, "remote_port": fmt.Sprint(port), "exitcode": fmt.Sprint(code),
		"num_redirects": fmt.Sprint(r.hops), "content_type": r.reply.header.Get("Content-Type"), "redirect_url": location, "http_version": "1.1", "scheme": "http",
		"method": r.o.value("X", "GET"), "num_connects": fmt.Sprint(r.hops + 1), "size_upload": fmt.Sprint(len(r.body)), "speed_download": "0", "speed_upload": "0",
	}
	for _, phase := range []string{"total", "connect", "namelookup", "starttransfer", "pretransfer", "appconnect", "redirect"} {
		values["time_"+phase] = "0.000000"
	}
	var out strings.Builder
	for format != "" {
		start := strings.Index(format, "%{")
		if start < 0 {
			break
		}
		end := strings.IndexByte(format[start:], '}')
		if end < 0 {
			break
		}
		out.WriteString(strings.ReplaceAll(format[:start], "%%", "%"))
		name := format[start+2 : start+end]
		value, known := values[name]
		if !known {
			fmt.Fprintf(r.Stderr, "curl: unknown --write-out variable: '%s'\n", name)
		}
		out.WriteString(value)
		format = format[start+end+1:]
	}
	out.WriteString(strings.ReplaceAll(format, "%%", "%"))
	r.print(out.String())
}

// save writes the result to stdout or to the file of -o or -O, with the progress meter where curl shows it.
func (r *curlRun) save(text string) (Outcome, bool) {
	name := ""
	if names := r.o.values("o"); len(names) > 0 {
		name = names[min(r.index, len(names)-1)]
	} else if r.o.has("O") {
		if name = path.Base(r.url.Path); name == "." || name == "/" {
			return r.failed(23, "Failed to extract a filename from the URL to use for storage"), false
		}
	}
	if !r.o.has("s", "no-progress-meter", "I", "#") && (name != "" && name != "-" || !r.TTY) {
		r.meter()
	}
	if name == "" || name == "-" {
		r.print(text)
		return Outcome{}, true
	}
	if err := r.write(name, []byte(text), storage.Truncate); err != nil {
		return r.failed(23, "Failure writing output to destination: %s: %s", name, reason(err)), false
	}
	return Outcome{}, true
}

func (r *curlRun) comment(format string, values ...any) {
	if r.o.has("v") {
		fmt.Fprintf(r.Stderr, "* "+format+"\n", values...)
	}
}
