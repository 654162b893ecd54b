package api

import (
	"bytes"
	"fmt"

	yamlv3 "sigs.k8s.io/yaml/goyaml.v3"
)

// checkAliases refuses a YAML document whose aliases would expand to more than MaxDocument bytes. It costs no more
// than the document is long, whatever it would expand to.
func checkAliases(text []byte) error {
	if bytes.IndexByte(text, '*') < 0 {
		return nil // without an asterisk there is no alias
	}
	var root yamlv3.Node
	if err := yamlv3.Unmarshal(text, &root); err != nil {
		// The reader that follows says what is wrong, in the words of kubectl.
		return nil
	}
	if sizes := (expansion{}); sizes.of(&root) > MaxDocument {
		return hinted{
			fmt.Errorf("expected at most %d bytes, found aliases that expand beyond it: document contains excessive aliasing", MaxDocument),
			"write the repeated parts out, or leave them away",
		}
	}
	return nil
}

// expansion remembers how long each node becomes with its aliases expanded, in bytes, cut off above MaxDocument.
type expansion map[*yamlv3.Node]int

func (e expansion) of(node *yamlv3.Node) int {
	if node == nil {
		return 0
	}
	if size, known := e[node]; known {
		return size
	}
	// An alias inside its own anchor finds this and ends; the reader refuses it.
	e[node] = MaxDocument + 1
	size := len(node.Value) + 1
	if node.Kind == yamlv3.AliasNode {
		size = e.of(node.Alias)
	}
	for _, child := range node.Content {
		if size += e.of(child); size > MaxDocument {
			size = MaxDocument + 1
			break
		}
	}
	e[node] = size
	return size
}
