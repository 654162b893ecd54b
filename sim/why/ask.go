package why

import (
	"errors"
	"fmt"
	"strings"
)

// Usage says how the question is put on a command line.
const Usage = "why KIND/NAME [-n NAMESPACE]"

// Question reads the arguments of a command line: KIND/NAME or KIND NAME, and -n NAMESPACE anywhere. Without one it is "default".
//
// Errors: an option that there is not, and too few or too many words.
func Question(args []string) (kind, namespace, name string, err error) {
	namespace = "default"
	var words []string
	for i := 0; i < len(args); i++ {
		value, long := strings.CutPrefix(args[i], "--namespace=")
		short, is := strings.CutPrefix(args[i], "-n")
		switch {
		case long:
			namespace = value
		case args[i] == "-n" || args[i] == "--namespace":
			if i++; i == len(args) {
				return "", "", "", fmt.Errorf("expected a namespace after %s (hint: %s)", args[i-1], Usage)
			}
			namespace = args[i]
		case is:
			namespace = strings.TrimPrefix(short, "=")
		case strings.HasPrefix(args[i], "-"):
			return "", "", "", fmt.Errorf("there is no option %s (hint: %s)", args[i], Usage)
		default:
			words = append(words, args[i])
		}
	}
	if len(words) == 1 {
		words = strings.SplitN(words[0], "/", 2)
	}
	if len(words) != 2 || words[0] == "" || words[1] == "" {
		return "", "", "", errors.New("expected one object, such as sts/web (hint: " + Usage + ")")
	}
	return words[0], namespace, words[1], nil
}
