package kernel

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func TestSeededAnswersRepeat(t *testing.T) {
	first, second := NewSeeded(7), NewSeeded(7)
	for i := range 1000 {
		if a, b := first.Choose("way", 10), second.Choose("way", 10); a != b || a < 0 || a > 9 {
			t.Fatalf("answer %d: %d and %d", i, a, b)
		}
	}
}

func TestForkLeavesTheOriginalAlone(t *testing.T) {
	for name, chooser := range map[string]Chooser{"seeded": NewSeeded(1), "tape": NewTape([]int{3, 1, 4, 1, 5})} {
		fork := chooser.Fork()
		var fromFork, fromOriginal []int
		for range 5 {
			fromFork = append(fromFork, fork.Choose("way", 6))
		}
		for range 5 {
			fromOriginal = append(fromOriginal, chooser.Choose("way", 6))
		}
		if fmt.Sprint(fromFork) != fmt.Sprint(fromOriginal) {
			t.Errorf("%s: fork %v, original %v", name, fromFork, fromOriginal)
		}
	}
}

func TestTapeTakesAnyNumbers(t *testing.T) {
	tape := NewTape([]int{-1, 9})
	got := []int{tape.Choose("a", 3), tape.Choose("b", 4), tape.Choose("c", 5)}
	if fmt.Sprint(got) != "[2 1 0]" || len(tape.Record()) != 3 {
		t.Errorf("got %v, record %v", got, tape.Record())
	}
}

func TestOdometerSeesEveryList(t *testing.T) {
	var odometer Odometer
	seen := map[string]bool{}
	for {
		list := ""
		first := odometer.Choose("first", 2)
		list += fmt.Sprint(first)
		if first == 1 { // the second question is asked in one branch only
			list += fmt.Sprint(odometer.Choose("second", 3))
		}
		seen[list] = true
		if !odometer.Next() {
			break
		}
	}
	if len(seen) != 4 {
		t.Errorf("seen %v, want 0, 10, 11, 12", seen)
	}
}

func TestEventOrderKeyComparesLikeBefore(t *testing.T) {
	start := time.Unix(0, 0)
	events := []Event{{When: start, Sequence: 9}, {When: start.Add(1), Sequence: 1}, {When: start.Add(-1), Sequence: 5}, {When: start, Sequence: 10}}
	for _, a := range events {
		for _, b := range events {
			first, second := a.OrderKey(), b.OrderKey()
			if (bytes.Compare(first[:], second[:]) < 0) != a.Before(b) {
				t.Errorf("%v and %v", a, b)
			}
		}
	}
}

func TestLabelledForgetsNoOtherQuestion(t *testing.T) {
	first, second := NewLabelled(7, nil), NewLabelled(7, nil)
	for i := range 100 {
		first.Choose("left out", 10)
		if a, b := first.Choose("way", 1000), second.Choose("way", 1000); a != b {
			t.Fatalf("answer %d: %d, and %d where another question was left out", i, a, b)
		}
	}
}

func TestLabelledRemembersOddAnswers(t *testing.T) {
	drawn := NewLabelled(7, map[string]float64{"odd": 0.5})
	var answers []int
	for range 40 {
		answers = append(answers, drawn.Choose("odd one", 3))
	}
	again := NewLabelled(7, map[string]float64{"odd": 0}, drawn.Record()...)
	quiet := NewLabelled(7, map[string]float64{"odd": 0})
	for i, answer := range answers {
		if got := again.Choose("odd one", 3); got != answer {
			t.Errorf("answer %d given again: %d, want %d", i, got, answer)
		}
		if got := quiet.Choose("odd one", 3); got != 0 {
			t.Errorf("answer %d without odds: %d, want the quiet one", i, got)
		}
	}
	if n := len(drawn.Record()); n < 10 || n > 30 {
		t.Errorf("%d of 40 answers were odd at odds of a half", n)
	}
}
