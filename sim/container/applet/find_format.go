package applet

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// findFormat fills in a format of -printf.
func (r *findRun) findFormat(format string, file findFile) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'p':
			out.WriteString(file.path)
		case 'f':
			out.WriteString(path.Base(file.path))
		case 'h':
			out.WriteString(path.Dir(file.path))
		case 'y':
			out.WriteByte(findKind(file.info))
		case 'm':
			out.WriteString(strings.TrimPrefix(octal(file.info.Mode), "0"))
		case 'M':
			out.WriteString(modeText(file.info))
		case 's', 'u', 'g', 'i':
			letter := map[byte]string{'s': "%s", 'u': "%U", 'g': "%G", 'i': "%i"}[format[i]]
			out.WriteString(r.statFormat(letter, file.path, file.info))
		case '%':
			out.WriteByte('%')
		default:
			out.WriteString("%" + format[i:i+1])
		}
	}
	return out.String()
}

// findSize reads the argument of -size: blocks of 512 bytes, or c, k, M, G.
func findSize(value string) (findTest, error) {
	sign, text := byte(0), value
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		sign, text = text[0], text[1:]
	}
	unit := int64(512)
	if text != "" {
		if known, ok := map[byte]int64{'c': 1, 'w': 2, 'b': 512, 'k': 1024, 'M': 1 << 20, 'G': 1 << 30}[text[len(text)-1]]; ok {
			unit, text = known, text[:len(text)-1]
		}
	}
	wanted, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("invalid argument `%s' to `-size'", value)
	}
	return func(_ *findRun, file findFile) bool {
		return compareSigned(sign, (sizeOf(storage.Info{Mode: file.info.Mode, Size: file.info.Size})+unit-1)/unit, wanted)
	}, nil
}

// exec reads the command of -exec, which ends with ";" or "{} +".
func (p *findParser) exec() (findTest, error) {
	var command []string
	for {
		if len(p.args) == 0 {
			return nil, plainError("missing argument to `-exec'")
		}
		word := p.next()
		if word == ";" {
			break
		}
		if word == "+" && len(command) > 1 && command[len(command)-1] == "{}" {
			if p.run.batchExec != nil {
				return nil, plainError("only one -exec ... {} + is simulated")
			}
			p.run.batchExec, p.run.acts = command[:len(command)-1], true
			return findBatch, nil
		}
		command = append(command, word)
	}
	if len(command) == 0 {
		return nil, plainError("missing argument to `-exec'")
	}
	p.run.acts = true
	return findExec(command), nil
}
