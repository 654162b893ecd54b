package nginx

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

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// nginxVersion is what "latest" is, and what tags without a version are.
const nginxVersion = "1.29.3"

const nginxRoot = "/usr/share/nginx/html"

// Image is nginx: any image whose name contains that serves nginxRoot on port 80. It has curl, as nginx-slim does.
func Image(r app.Reference) *app.Image {
	version := nginxVersionOf(r)
	return &app.Image{
		Root:       func() storage.Tree { return nginxTree() },
		Env:        []string{"NGINX_VERSION=" + version},
		Entrypoint: []string{"nginx", "-g", "daemon off;"},
		Servers:    map[string]app.Server{"nginx": nginx{version: version}},
	}
}

// nginxVersionOf is the version an image has: its tag's for nginx itself, and that of the well-known copies under their own numbers.
func nginxVersionOf(r app.Reference) string {
	if strings.HasPrefix(r.Last(), "nginx-slim") {
		switch r.Tag {
		case "0.8":
			return "1.11.1"
		case "0.21", "0.24", "0.25", "0.26", "0.27":
			return "1.21.6"
		}
		return "1.21.6"
	}
	tag, _, _ := strings.Cut(r.Tag, "-")
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
	return app.DebianRoot().At(built).
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

func (n nginx) Start(r *app.Run) {
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
func (n nginx) warn(r *app.Run) {
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
func (n nginx) command(r *app.Run, name string) {
	signal := map[string]int{"stop": app.SIGTERM, "quit": app.SIGQUIT, "reload": app.SIGHUP, "reopen": app.SIGUSR1}[name]
	if signal == 0 {
		fmt.Fprintf(r.Stderr(), "nginx: invalid option: \"-s %s\"\n", name)
		r.Exit(1)
		return
	}
	for _, info := range r.System().Processes() {
		if len(info.Command) > 0 && path.Base(info.Command[0]) == "nginx" && info.Process != r.PID() {
			_ = r.System().Signal(info.Process, signal)
			r.Exit(0)
			return
		}
	}
	fmt.Fprint(r.Stderr(), "nginx: [error] invalid PID number \"\" in \"/run/nginx.pid\"\n")
	r.Exit(1)
}

func (n nginx) Wake(*app.Run) {}

func (n nginx) Signal(r *app.Run, signal int) { r.TerminateOn(signal, 0) }

// Serve answers every request of the connection.
func (n nginx) Serve(r *app.Run, _ uint16, data []byte) []byte {
	var answer []byte
	for len(data) > 0 {
		req, rest, ok := app.ParseRequest(data)
		if !ok {
			res := n.page(r, 400, false)
			n.log(r, app.Request{}, res)
			return append(answer, res.Bytes()...)
		}
		res := n.answer(r, req)
		n.log(r, req, res)
		answer = append(answer, res.Bytes()...)
		data = rest
		if strings.EqualFold(req.Header["connection"], "close") {
			break
		}
	}
	return answer
}

func (n nginx) answer(r *app.Run, req app.Request) *app.Response {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return n.page(r, 405, false)
	}
	head := req.Method == http.MethodHead
	files := r.System().Files()
	name := path.Join(nginxRoot, req.Path)
	info, err := files.Stat(name)
	if err == nil && info.IsDir() {
		if !strings.HasSuffix(req.Path, "/") {
			res := n.page(r, 301, head)
			res.Add("Location", "http://"+req.Host()+req.Path+"/")
			return res
		}
		index, found := n.index(files, name)
		if !found {
			n.errorLog(r, req, fmt.Sprintf("directory index of \"%s/\" is forbidden", name))
			return n.page(r, 403, head)
		}
		name = index
		info, err = files.Stat(name)
	} else if err == nil && strings.HasSuffix(req.Path, "/") && req.Path != "/" {
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
	res := &app.Response{Status: 200, Head: head}
	etag := fmt.Sprintf("\"%x-%x\"", info.ModTime.Unix(), len(text))
	if req.Header["if-none-match"] == etag || (req.Header["if-none-match"] == "" && req.Header["if-modified-since"] == modified) {
		res.Status = 304
		n.common(r, res)
		res.Add("Last-Modified", modified)
		res.Add("Connection", "keep-alive")
		res.Add("ETag", etag)
		return res
	}
	n.common(r, res)
	res.Add("Content-Type", app.ContentType(name, "application/octet-stream"))
	res.Add("Content-Length", strconv.Itoa(len(text)))
	res.Add("Last-Modified", modified)
	res.Add("Connection", "keep-alive")
	res.Add("ETag", etag)
	res.Add("Accept-Ranges", "bytes")
	res.Body = []byte(text)
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

func (n nginx) common(r *app.Run, res *app.Response) {
	res.Add("Server", "nginx/"+n.version)
	res.Add("Date", r.System().Now().UTC().Format(http.TimeFormat))
}

// page is one of nginx's built-in pages.
func (n nginx) page(r *app.Run, status int, head bool) *app.Response {
	title := fmt.Sprintf("%d %s", status, app.ReasonPhrase(status))
	body := fmt.Sprintf("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n<hr><center>nginx/%s</center>\r\n</body>\r\n</html>\r\n", title, title, n.version)
	res := &app.Response{Status: status, Head: head, Body: []byte(body)}
	n.common(r, res)
	res.Add("Content-Type", "text/html")
	res.Add("Content-Length", strconv.Itoa(len(body)))
	connection := "keep-alive"
	if status == 400 {
		connection = "close"
	}
	res.Add("Connection", connection)
	return res
}

// log writes a line in the format "combined" with the forwarded-for field of the image's configuration.
func (n nginx) log(r *app.Run, req app.Request, res *app.Response) {
	line := "-"
	if req.Method != "" {
		line = req.Method + " " + req.Target + " " + req.Protocol
	}
	size := len(res.Body)
	if res.Head {
		size = 0
	}
	fmt.Fprintf(r.Stdout(), "%s - - [%s] %q %d %d %q %q %q\n", r.Client(), r.System().Now().UTC().Format("02/Jan/2006:15:04:05 -0700"),
		line, res.Status, size, orDash(req.Header["referer"]), orDash(req.Header["user-agent"]), orDash(req.Header["x-forwarded-for"]))
}

func (n nginx) errorLog(r *app.Run, req app.Request, text string) {
	fmt.Fprintf(r.Stderr(), "%s [error] 29#29: *1 %s, client: %s, server: localhost, request: %q, host: %q\n",
		r.System().Now().UTC().Format("2006/01/02 15:04:05"), text, r.Client(), req.Method+" "+req.Target+" "+req.Protocol, req.Host())
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
