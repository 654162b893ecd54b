package apiserver

import (
	"bytes"
	"encoding/binary"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// frameWriter writes the events of a watch: JSON objects one a line, or protobuf messages with their length before them.
type frameWriter struct {
	out io.Writer
	how media
}

func newFrameWriter(out io.Writer, how media) frameWriter {
	return frameWriter{out: out, how: how}
}

func (f frameWriter) object(what watch.EventType, object runtime.Object) error {
	data, err := encode(object, f.how)
	if err != nil {
		return err
	}
	return f.encoded(what, data)
}

func (f frameWriter) encoded(what watch.EventType, object []byte) error {
	var frame []byte
	if f.how.mediaType == protobufType {
		event := metav1.WatchEvent{Type: string(what), Object: runtime.RawExtension{Raw: object}}
		message, err := event.Marshal()
		if err != nil {
			return err
		}
		frame = binary.BigEndian.AppendUint32(make([]byte, 0, len(message)+4), uint32(len(message)))
		frame = append(frame, message...)
	} else {
		object = bytes.TrimRight(object, "\n")
		frame = make([]byte, 0, len(object)+40)
		frame = append(frame, `{"type":"`...)
		frame = append(frame, what...)
		frame = append(frame, `","object":`...)
		frame = append(frame, object...)
		frame = append(frame, "}\n"...)
	}
	_, err := f.out.Write(frame)
	return err
}
