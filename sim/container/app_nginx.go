package container

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// nginxVersion is what "latest" is, and what tags without a version are.
const nginxVersion = "1.29.3"

const nginxRoot = "/usr/share/nginx/html"

// nginxImage: any image whose name contains nginx serves nginxRoot on port 80. It has curl, as nginx-slim does.
func nginxImage(r reference) *image {
	version := nginxVersionOf(r)
	return &image{
		tree:       func() storage.Tree { return nginxTree() },
		env:        []string{"NGINX_VERSION=" + version},
		entrypoint: []string{"nginx", "-g", "daemon off;"},
		servers:    map[string]Server{"nginx": nginx{version: version}},
	}
}

// nginxVersionOf is the version an image has: its tag's for nginx itself, and that of the well-known copies under their own numbers.
func nginxVersionOf(r reference) string {
	if strings.HasPrefix(r.last(), "nginx-slim") {
		switch r.tag {
		case "0.8":
			return "1.11.1"
		case "0.21", "0.24", "0.25", "0.26", "0.27":
			return "1.21.6"
		}
		return "1.21.6"
	}
	tag, _, _ := strings.Cut(r.tag, "-")
	parts := strings.Split(tag, ".")
	for _, part := range parts {
		if _, err := strconv.Atoi(part); err != nil {
			return nginxVersion
		}
	}
	if len(parts) == 2 {
		if latest := map[string]string{"1.25": "1.25.5", "1.14": "1.14.2", "1.16": "1.16.1", "1.27": "1.27.5"}[tag]; latest != "" {
			return latest
		}
		return tag + ".0"
	}
	if len(parts) == 3 {
		return tag
	}
	return nginxVersion
}

const nginxWelcome = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`

const nginxErrorPage = `<!DOCTYPE html>
<html>
<head>
<title>Error</title>
</head>
<body>
<h1>An error occurred.</h1>
</body>
</html>
`

const nginxConfig = `# stsim's nginx serves /usr/share/nginx/html on port 80; this file is not read.
server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }
}
`

var nginxTree = sync.OnceValue(func() storage.Tree {
	// The files of the official image are as old as its build.
	built := time.Date(2024, 4, 16, 14, 29, 59, 0, time.UTC)
	return debianRoot().At(built).
		With("/usr/sbin/nginx", shell.Stub("nginx"), 0o755).
		With("/usr/bin/curl", shell.Stub("curl"), 0o755).
		With(nginxRoot+"/index.html", []byte(nginxWelcome), 0o644).
		With(nginxRoot+"/50x.html", []byte(nginxErrorPage), 0o644).
		With("/etc/nginx/conf.d/default.conf", []byte(nginxConfig), 0o644).
		With("/etc/nginx/nginx.conf", []byte("include /etc/nginx/conf.d/*.conf;\n"), 0o644).
		WithSymlink("/var/log/nginx/access.log", "/dev/stdout").
		WithSymlink("/var/log/nginx/error.log", "/dev/stderr").
		WithDir("/var/cache/nginx", 0o755)
})

// nginx serves files. Its configuration is fixed.
type nginx struct{ version string }

func (n nginx) Start(r *Run) {
	foreground := false
	for i, arg := range r.Args[1:] {
		switch arg {
		case "-v", "-V":
			fmt.Fprintf(r.Stderr(), "nginx version: nginx/%s\n", n.version)
			r.Exit(0)
			return
		case "-t":
			fmt.Fprint(r.Stderr(), "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n")
			r.Exit(0)
			return
		case "-s":
			n.command(r, append(r.Args[i+2:], "")[0])
			return
		case "-g":
			foreground = foreground || strings.Contains(append(r.Args[i+2:], "")[0], "daemon off")
		}
	}
	if err := r.Listen(80); err != nil {
		fmt.Fprintf(r.Stderr(), "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n")
		r.Exit(1)
		return
	}
	r.Detached = !foreground
	n.warn(r)
}

// warn says that a configuration of somebody's own is not read.
func (n nginx) warn(r *Run) {
	entries, _ := r.System().Files().ReadDir("/etc/nginx/conf.d")
	custom := len(entries) != 1
	for _, name := range []string{"/etc/nginx/conf.d/default.conf", "/etc/nginx/nginx.conf"} {
		text, err := r.System().Files().ReadText(name)
		shipped, _ := nginxTree().Content(name)
		custom = custom || err != nil || text != shipped
	}
	if custom {
		fmt.Fprintf(r.Stderr(), "stsim: nginx's configuration in /etc/nginx is not simulated: it serves %s on port 80\n", nginxRoot)
	}
}

// command is nginx -s: a signal to the master process.
func (n nginx) command(r *Run, name string) {
	signal := map[string]int{"stop": sigTerm, "quit": sigQuit, "reload": sigHup, "reopen": sigUsr1}[name]
	if signal == 0 {
		fmt.Fprintf(r.Stderr(), "nginx: invalid option: \"-s %s\"\n", name)
		r.Exit(1)
		return
	}
	for _, info := range r.System().Processes() {
		if len(info.Command) > 0 && path.Base(info.Command[0]) == "nginx" && info.Process != r.activation.process.PID {
			_ = r.System().Signal(info.Process, signal)
			r.Exit(0)
			return
		}
	}
	fmt.Fprint(r.Stderr(), "nginx: [error] invalid PID number \"\" in \"/run/nginx.pid\"\n")
	r.Exit(1)
}

func (n nginx) Wake(*Run) {}

func (n nginx) Signal(r *Run, signal int) { terminateOn(r, signal, 0) }

// Serve answers every request of the connection.
func (n nginx) Serve(r *Run, _ uint16, data []byte) []byte {
	var answer []byte
	for len(data) > 0 {
		req, rest, ok := parseRequest(data)
		if !ok {
			res := n.page(r, 400, false)
			n.log(r, request{target: "", protocol: ""}, res)
			return append(answer, res.bytes()...)
		}
		res := n.answer(r, req)
		n.log(r, req, res)
		answer = append(answer, res.bytes()...)
		data = rest
		if strings.EqualFold(req.header["connection"], "close") {
			break
		}
	}
	return answer
}

func (n nginx) answer(r *Run, req request) *response {
	if req.method != http.MethodGet && req.method != http.MethodHead {
		return n.page(r, 405, false)
	}
	head := req.method == http.MethodHead
	files := r.System().Files()
	name := path.Join(nginxRoot, req.path)
	info, err := files.Stat(name)
	if err == nil && info.IsDir() {
		if !strings.HasSuffix(req.path, "/") {
			res := n.page(r, 301, head)
			res.add("Location", "http://"+req.host()+req.path+"/")
			return res
		}
		index, found := n.index(files, name)
		if !found {
			n.errorLog(r, req, fmt.Sprintf("directory index of \"%s/\" is forbidden", name))
			return n.page(r, 403, head)
		}
		name = index
		info, err = files.Stat(name)
	} else if err == nil && strings.HasSuffix(req.path, "/") && req.path != "/" {
		err = storage.ErrNotDirectory
	}
	var text string
	if err == nil {
		text, err = files.ReadText(name)
	}
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrPermission):
		n.errorLog(r, req, fmt.Sprintf("open() \"%s\" failed (13: Permission denied)", name))
		return n.page(r, 403, head)
	case errors.Is(err, storage.ErrIO):
		n.errorLog(r, req, fmt.Sprintf("open() \"%s\" failed (5: Input/output error)", name))
		return n.page(r, 500, head)
	default:
		n.errorLog(r, req, fmt.Sprintf("open() \"%s\" failed (2: No such file or directory)", strings.TrimSuffix(name, "/")))
		return n.page(r, 404, head)
	}
	modified := info.ModTime.UTC().Format(http.TimeFormat)
	res := &response{status: 200, head: head}
	etag := fmt.Sprintf("\"%x-%x\"", info.ModTime.Unix(), len(text))
	if req.header["if-none-match"] == etag || (req.header["if-none-match"] == "" && req.header["if-modified-since"] == modified) {
		res.status = 304
		n.common(r, res)
		res.add("Last-Modified", modified)
		res.add("Connection", "keep-alive")
		res.add("ETag", etag)
		return res
	}
	n.common(r, res)
	res.add("Content-Type", contentType(name, "application/octet-stream"))
	res.add("Content-Length", strconv.Itoa(len(text)))
	res.add("Last-Modified", modified)
	res.add("Connection", "keep-alive")
	res.add("ETag", etag)
	res.add("Accept-Ranges", "bytes")
	res.body = []byte(text)
	return res
}

// index is the first of nginx's index files that is there.
func (n nginx) index(files *storage.FileSystem, directory string) (string, bool) {
	for _, name := range []string{"index.html", "index.htm"} {
		if info, err := files.Stat(directory + "/" + name); err == nil && !info.IsDir() {
			return directory + "/" + name, true
		}
	}
	return "", false
}

func (n nginx) common(r *Run, res *response) {
	res.add("Server", "nginx/"+n.version)
	res.add("Date", r.System().Now().UTC().Format(http.TimeFormat))
}

// page is one of nginx's built-in pages.
func (n nginx) page(r *Run, status int, head bool) *response {
	title := fmt.Sprintf("%d %s", status, reasonPhrase(status))
	body := fmt.Sprintf("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>nginx/%s</center>\r\n</body>\r\n</html>\r\n", title, title, n.version)
	res := &response{status: status, head: head, body: []byte(body)}
	n.common(r, res)
	res.add("Content-Type", "text/html")
	res.add("Content-Length", strconv.Itoa(len(body)))
	connection := "keep-alive"
	if status == 400 {
		connection = "close"
	}
	res.add("Connection", connection)
	return res
}

// log writes a line in the format "combined" with the forwarded-for field of the image's configuration.
func (n nginx) log(r *Run, req request, res *response) {
	line := "-"
	if req.method != "" {
		line = req.method + " " + req.target + " " + req.protocol
	}
	size := len(res.body)
	if res.head {
		size = 0
	}
	fmt.Fprintf(r.Stdout(), "%s - - [%s] %q %d %d %q %q %q\n", r.Client(), r.System().Now().UTC().Format("02/Jan/2006:15:04:05 -0700"),
		line, res.status, size, orDash(req.header["referer"]), orDash(req.header["user-agent"]), orDash(req.header["x-forwarded-for"]))
}

func (n nginx) errorLog(r *Run, req request, text string) {
	fmt.Fprintf(r.Stderr(), "%s [error] 29#29: *1 %s, client: %s, server: localhost, request: %q, host: %q\n",
		r.System().Now().UTC().Format("2006/01/02 15:04:05"), text, r.Client(), req.method+" "+req.target+" "+req.protocol, req.host())
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
