package applet

import "sort"

// table is filled by init, because some commands look others up in it.
var table map[string]Applet

// Named is the command of a name, nil if there is none.
func Named(name string) Applet { return table[name] }

// Names are the names of all commands, sorted.
func Names() []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func init() {
	table = map[string]Applet{
		// text
		"echo": echo, "printf": printf, "cat": cat, "head": head, "tail": tail, "wc": wc, "seq": seq, "tee": tee, "yes": yes, "rev": rev, "tac": tac,
		"cut": cut, "nl": nl, "paste": paste, "comm": comm, "column": column, "sort": sortCommand, "tr": tr, "uniq": uniq,
		"grep": grep, "egrep": grep, "fgrep": grep, "sed": sed, "awk": awk, "gawk": awk, "mawk": awk,
		"diff": diff, "cmp": cmp,
		"md5sum": md5sum, "sha1sum": sha1sum, "sha256sum": sha256sum, "sha512sum": sha512sum, "base64": base64Command,
		"hexdump": hexdump, "hd": hexdump, "od": od, "xxd": xxd,
		// files
		"ls": ls, "cp": cp, "mv": mv, "rm": rm, "mkdir": mkdir, "rmdir": rmdir, "touch": touch, "ln": ln, "dd": dd, "mktemp": mktemp,
		"chmod": chmod, "chown": chown, "chgrp": chown, "stat": stat, "readlink": readlink, "realpath": realpath, "find": find, "xargs": xargs,
		"basename": basename, "dirname": dirname, "pwd": pwd, "df": df, "du": du, "mount": mountCommand, "sync": sync,
		"tar": tarCommand, "gzip": gzipCommand, "gunzip": gzipCommand, "zcat": gzipCommand,
		// system
		"true": succeed, "false": failing, "test": test, "[": test, "sleep": sleep, "pause": pause, "timeout": timeout, "watch": watch, "date": date,
		"env": env, "printenv": printenv, "which": which, "id": id, "whoami": whoami, "hostname": hostname, "uname": uname, "uptime": uptime,
		"nproc": nproc, "free": free, "clear": clearScreen,
		"ps": ps, "kill": kill, "pkill": pgrep, "pgrep": pgrep, "killall": killall, "pidof": pidof,
		// network
		"nslookup": Nslookup, "dig": dig, "host": host, "getent": getent, "wget": wget, "curl": curl, "nc": nc, "ping": ping, "netstat": netstat,
	}
}
