package sql

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a value is.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Int
	Float
	Text
)

// Value is one field of a row. The zero value is NULL.
type Value struct {
	Kind   Kind
	Int    int64
	Float  float64
	String string
}

// IntOf is a whole number.
func IntOf(number int64) Value { return Value{Kind: Int, Int: number} }

// FloatOf is a number with a fraction.
func FloatOf(number float64) Value { return Value{Kind: Float, Float: number} }

// TextOf is a text.
func TextOf(text string) Value { return Value{Kind: Text, String: text} }

func boolOf(yes bool) Value {
	if yes {
		return IntOf(1)
	}
	return IntOf(0)
}

// Show is the value as a client prints it.
func (v Value) Show() string {
	switch v.Kind {
	case Int:
		return strconv.FormatInt(v.Int, 10)
	case Float:
		return strconv.FormatFloat(v.Float, 'f', -1, 64)
	case Text:
		return v.String
	}
	return "NULL"
}

// number is the value in arithmetic; a text counts as the number it begins with.
func (v Value) number() float64 {
	switch v.Kind {
	case Int:
		return float64(v.Int)
	case Float:
		return v.Float
	case Text:
		text := strings.TrimSpace(v.String)
		for end := len(text); end > 0; end-- {
			if number, err := strconv.ParseFloat(text[:end], 64); err == nil && !math.IsNaN(number) && !math.IsInf(number, 0) {
				return number
			}
			if end > 40 {
				end = 40
			}
		}
	}
	return 0
}

// isTrue says whether a condition holds; NULL does not.
func (v Value) isTrue() bool { return v.Kind != Null && v.number() != 0 }

// compare orders two values as MySQL does: texts without regard to case, a text and a number as numbers. NULL is less than all.
func compare(a, b Value) int {
	switch {
	case a.Kind == Null || b.Kind == Null:
		return int(min(a.Kind, 1)) - int(min(b.Kind, 1))
	case a.Kind == Text && b.Kind == Text:
		return strings.Compare(strings.ToLower(a.String), strings.ToLower(b.String))
	case a.Kind == Int && b.Kind == Int:
		switch {
		case a.Int < b.Int:
			return -1
		case a.Int > b.Int:
			return 1
		}
		return 0
	}
	switch x, y := a.number(), b.number(); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func sameRow(a, b []Value) bool { return slices.Equal(a, b) }

// MarshalJSON writes a value as JSON has it.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Kind {
	case Int:
		return strconv.AppendInt(nil, v.Int, 10), nil
	case Float:
		text := strconv.FormatFloat(v.Float, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return []byte(text), nil
	case Text:
		return json.Marshal(v.String)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON has written.
func (v *Value) UnmarshalJSON(data []byte) error {
	text := string(data)
	*v = Value{}
	switch {
	case text == "null":
	case strings.HasPrefix(text, `"`):
		v.Kind = Text
		return json.Unmarshal(data, &v.String)
	case strings.ContainsAny(text, ".eE"):
		v.Kind = Float
		return json.Unmarshal(data, &v.Float)
	default:
		v.Kind = Int
		return json.Unmarshal(data, &v.Int)
	}
	return nil
}
