package scenarios

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// wrong is the error for a value that is not what its key needs. Front matter begins on the page's second line.
func (p *parser) wrong(value *yaml.Node, expected, hint string) *Error {
	return p.fail(value.Line+1, expected, describe(value), hint)
}

// describe says in a message what a YAML value is.
func describe(value *yaml.Node) string {
	switch value.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return fmt.Sprintf("a list of %d", len(value.Content))
	case yaml.AliasNode:
		return "an alias"
	}
	if value.Tag == "!!null" {
		return "nothing"
	}
	return quote(value.Value)
}

// mapping reads the keys of a YAML mapping, each at most once and none that fields does not have.
func (p *parser) mapping(value *yaml.Node, what string, fields []field) error {
	keys := make([]string, len(fields))
	for i, field := range fields {
		keys[i] = field.key
	}
	if value.Kind != yaml.MappingNode {
		return p.wrong(value, "a "+what+" of \"key: value\"", "the keys are "+strings.Join(keys, ", "))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(value.Content); i += 2 {
		key, child := value.Content[i], value.Content[i+1]
		at := -1
		for j, name := range keys {
			if key.Kind == yaml.ScalarNode && key.Value == name {
				at = j
			}
		}
		if at < 0 {
			return p.wrong(key, oneOf(keys), didYouMean(key.Value, keys, "remove the key"))
		}
		if seen[key.Value] {
			return p.wrong(key, "every key once", "remove one of the two")
		}
		seen[key.Value] = true
		if err := fields[at].read(child); err != nil {
			return err
		}
	}
	return nil
}

// word reads text. Numbers and booleans count as text: version 1.30 must not become 1.3.
func (p *parser) word(value *yaml.Node, expected string, word *string) error {
	if value.Kind != yaml.ScalarNode || value.Tag == "!!null" || blank(value.Value) {
		return p.wrong(value, expected, "write it behind the colon")
	}
	*word = strings.Join(strings.Fields(value.Value), " ")
	return nil
}

func (p *parser) words(value *yaml.Node, expected string, words *[]string) error {
	if value.Kind != yaml.SequenceNode {
		return p.wrong(value, expected, "write every item on a line that begins with \"- \"")
	}
	for _, item := range value.Content {
		var word string
		if err := p.word(item, "text", &word); err != nil {
			return err
		}
		*words = append(*words, word)
	}
	return nil
}

func (p *parser) objectName(value *yaml.Node, expected string, name *string) error {
	if value.Kind != yaml.ScalarNode || value.Tag == "!!null" || !objectName.MatchString(value.Value) {
		return p.wrong(value, expected, "use small letters, digits, \"-\" and \".\"")
	}
	*name = value.Value
	return nil
}

func (p *parser) choice(value *yaml.Node, words []string, word *string) error {
	if value.Kind == yaml.ScalarNode {
		for _, allowed := range words {
			if value.Value == allowed {
				*word = allowed
				return nil
			}
		}
	}
	return p.wrong(value, oneOf(words), didYouMean(value.Value, words, "write one of these"))
}

func (p *parser) truth(value *yaml.Node, truth *bool) error {
	var word string
	if err := p.choice(value, []string{"true", "false"}, &word); err != nil {
		return err
	}
	*truth = word == "true"
	return nil
}
