package applet

import "github.com/stsim/stsim/storage"

// device is the kind of the device node at a path, "" if it is none.
func (c *Call) device(name string) string {
	if name == "-" {
		return ""
	}
	info, err := c.files().Stat(name)
	if err != nil {
		switch c.absolute(name) { // images without device nodes still have the three streams
		case "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0":
			return "stdin"
		case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/1/fd/1":
			return "stdout"
		case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "/proc/1/fd/2":
			return "stderr"
		}
		return ""
	}
	return info.Device
}

func (c *Call) isStdin(name string) bool {
	if name == "-" {
		return true
	}
	kind := c.device(name)
	return kind == "stdin" || kind == "tty"
}

// read is the content of a file; "-" is stdin, and devices give what they give. The caller has waited for stdin.
// Endless devices are an error: dd and head -c read a part of them by readSome.
func (c *Call) read(name string) ([]byte, error) {
	if name == "-" {
		return c.takeInput(), nil
	}
	switch kind := c.device(name); kind {
	case "":
		return c.files().ReadFile(name)
	case "stdin", "tty":
		return c.takeInput(), nil
	case "null":
		return nil, nil
	case "zero", "full", "random", "urandom":
		return nil, errEndless
	default:
		return nil, storage.ErrInvalid
	}
}

type plainError string

func (e plainError) Error() string { return string(e) }

const errEndless = plainError("reading all of an endless device is not simulated; hint: read a part of it with head -c or dd count=")

// readSome reads at most size bytes of an endless device. ok says whether it is one.
func (c *Call) readSome(name string, size int64) (data []byte, ok bool) {
	if name == "-" {
		return nil, false
	}
	size = min(max(size, 0), maxOutput)
	switch c.device(name) {
	case "zero", "full":
		return make([]byte, size), true
	case "random", "urandom":
		data = make([]byte, size)
		for i := range data {
			data[i] = byte(c.System.Choose("urandom", 256))
		}
		return data, true
	}
	return nil, false
}

// write puts data into a file, which it makes if needed; devices take it as they do.
func (c *Call) write(name string, data []byte, flags storage.Flag) error {
	switch kind := c.device(name); kind {
	case "":
		return c.files().WriteFile(name, data, 0o644, flags|storage.Write|storage.Create)
	case "stdout", "tty":
		_, err := c.Stdout.Write(data)
		return err
	case "stderr":
		_, err := c.Stderr.Write(data)
		return err
	case "full":
		if len(data) == 0 {
			return nil
		}
		return storage.ErrNoSpace
	case "null", "zero", "random", "urandom":
		return nil
	default:
		return storage.ErrInvalid
	}
}
