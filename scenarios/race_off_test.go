//go:build !race

package scenarios

// raceDetector says that the tests run with the race detector.
const raceDetector = false
