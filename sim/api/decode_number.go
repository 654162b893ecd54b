package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	longestNumber  = 1000 // characters
	longestInverse = 4    // digits of a negative exponent
)

// CheckNumbers refuses JSON with numbers, or texts that may be read as quantities, which take hours to read:
// a quantity like 1e-1000000000 is computed digit by digit. Text that is no JSON is left to the reader that follows.
func CheckNumbers(text []byte) error {
	if !mayHoldSlowNumber(text) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil
		}
		switch value := token.(type) {
		case json.Number:
			err = checkNumber(value.String())
		case string:
			err = checkNumber(value)
		}
		if err != nil {
			return err
		}
	}
}

// mayHoldSlowNumber is a quick look that finds nothing in ordinary manifests.
func mayHoldSlowNumber(text []byte) bool {
	digits := 0
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9' || c == '.':
			if digits++; digits > longestNumber {
				return true
			}
		case c == '-' && i > 0 && (text[i-1] == 'e' || text[i-1] == 'E') && i+1 < len(text) && '0' <= text[i+1] && text[i+1] <= '9':
			return true
		default:
			digits = 0
		}
	}
	return false
}

func checkNumber(text string) error {
	mantissa, exponent, inverse := strings.Cut(strings.ToLower(text), "e-")
	if strings.Trim(mantissa, "+-.0123456789") != "" {
		return nil
	}
	if len(mantissa) > longestNumber {
		return fmt.Errorf("expected a number of at most %d characters, found one of %d", longestNumber, len(mantissa))
	}
	exponent = strings.TrimLeft(exponent, "0")
	if inverse && len(exponent) > longestInverse && strings.Trim(exponent, "0123456789") == "" {
		return fmt.Errorf("expected an exponent of at most %d digits, found the number %.40s", longestInverse, text)
	}
	return nil
}
