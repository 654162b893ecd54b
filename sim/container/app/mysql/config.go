package mysql

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/storage"
)

// Config is what option files and arguments say, by option name with underscores, in the order they came; the last of a name counts.
type Config struct{ options []sql.Pair }

// optionFiles are read in this order; of a directory all *.cnf, by name.
var optionFiles = []string{"/etc/my.cnf", "/etc/mysql/my.cnf", "/etc/my.cnf.d", "/etc/mysql/conf.d", "/etc/mysql/mysql.conf.d", "/etc/mysql/mariadb.conf.d", "/etc/mysql/percona-server.conf.d"}

// ReadConfig reads the option files, then the arguments of a mysqld.
func ReadConfig(files *storage.FileSystem, args []string) Config {
	var c Config
	for _, name := range optionFiles {
		info, err := files.Stat(name)
		switch {
		case err != nil:
		case info.IsDir():
			entries, _ := files.ReadDir(name)
			for _, entry := range entries {
				if strings.HasSuffix(entry.Name, ".cnf") {
					c = c.readFile(files, path.Join(name, entry.Name))
				}
			}
		default:
			c = c.readFile(files, name)
		}
	}
	for _, arg := range args {
		if option, is := strings.CutPrefix(arg, "--"); is {
			c = c.with(option)
		}
	}
	return c
}

func (c Config) readFile(files *storage.FileSystem, name string) Config {
	text, err := files.ReadText(name)
	if err != nil {
		return c
	}
	section := ""
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "", strings.HasPrefix(line, "#"), strings.HasPrefix(line, ";"), strings.HasPrefix(line, "!"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[] ")
		case slices.Contains([]string{"mysqld", "server", "mariadb", "galera", "mariadbd"}, section):
			c = c.with(line)
		}
	}
	return c
}

// with adds an option as it is written: name or name=value, with dashes or underscores.
func (c Config) with(option string) Config {
	name, value, found := strings.Cut(option, "=")
	name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	if rest, skipped := strings.CutPrefix(name, "skip_"); skipped && !found && !strings.HasPrefix(rest, "name") {
		name, value = rest, "0"
	} else if !found {
		value = "1"
	}
	return Config{append(slices.Clip(c.options), sql.Pair{Name: name, Value: value})}
}

// Get is the value of an option; found is false when nobody set it.
func (c Config) Get(name string) (value string, found bool) {
	for _, option := range slices.Backward(c.options) {
		if option.Name == name {
			return option.Value, true
		}
	}
	return "", false
}

// Text is the value of an option, or what holds without it.
func (c Config) Text(name, otherwise string) string {
	if value, found := c.Get(name); found {
		return value
	}
	return otherwise
}

// Number is a whole number.
func (c Config) Number(name string, otherwise int64) int64 {
	if number, err := strconv.ParseInt(c.Text(name, ""), 10, 64); err == nil {
		return number
	}
	return otherwise
}

// Is says whether a switch is on.
func (c Config) Is(name string) bool { return sql.Truth(sql.TextOf(c.Text(name, "0"))) }

// Directory is the data directory.
func (c Config) Directory() string { return path.Clean(c.Text("datadir", "/var/lib/mysql")) }
