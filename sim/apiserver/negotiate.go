package apiserver

import (
	"mime"
	"net/http"
	"sort"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The media types of the API.
const (
	jsonType     = "application/json"
	yamlType     = "application/yaml"
	protobufType = "application/vnd.kubernetes.protobuf"
)

var mediaTypes = []string{jsonType, yamlType, protobufType}

// form is what an answer is turned into.
type form uint8

const (
	asObject form = iota
	asTable
	asMetadata // PartialObjectMetadata, or a list of it
)

// media is how an answer is written.
type media struct {
	mediaType string
	form      form
	version   string // of meta.k8s.io for a Table or metadata: v1 or v1beta1
	pretty    bool
	unmanaged bool // without managedFields
}

// negotiate reads the Accept header and decides how to answer.
func (r *request) negotiate() error {
	accepted, found := negotiateMedia(r.http.Header.Get("Accept"))
	if !found {
		return notAcceptable(mediaTypes...)
	}
	accepted.pretty = wantsPretty(r)
	accepted.unmanaged = r.http.Header.Get(WithoutManagers) != ""
	r.media = accepted
	return nil
}

// wantsPretty is upstream's rule: as asked, else for the clients that people read with.
func wantsPretty(r *request) bool {
	if value, given := r.query["pretty"]; given {
		return value[0] != "false" && value[0] != "0"
	}
	agent := r.http.Header.Get("User-Agent")
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

// negotiateMedia is the first clause of an Accept header, by quality and then by order, that can be served.
func negotiateMedia(accept string) (media, bool) {
	if accept == "" || accept == jsonType || accept == "*/*" {
		return media{mediaType: jsonType}, true
	}
	for _, clause := range acceptClauses(accept) {
		if found, ok := clause.media(); ok {
			return found, true
		}
	}
	return media{}, false
}

// acceptClause is one entry of an Accept header.
type acceptClause struct {
	mediaType  string
	parameters map[string]string
	quality    float64
}

func acceptClauses(accept string) []acceptClause {
	var clauses []acceptClause
	for _, text := range strings.Split(accept, ",") {
		mediaType, parameters, err := mime.ParseMediaType(strings.TrimSpace(text))
		if err != nil {
			continue
		}
		clause := acceptClause{mediaType: mediaType, parameters: parameters, quality: 1}
		if quality, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
			clause.quality = quality
		}
		clauses = append(clauses, clause)
	}
	sort.SliceStable(clauses, func(i, j int) bool { return clauses[i].quality > clauses[j].quality })
	return clauses
}

func (c acceptClause) media() (media, bool) {
	found := media{}
	switch c.mediaType {
	case jsonType, "*/*", "application/*":
		found.mediaType = jsonType
	case yamlType, protobufType:
		found.mediaType = c.mediaType
	default:
		return media{}, false
	}
	as := c.parameters["as"]
	if as == "" {
		return found, true
	}
	found.version = c.parameters["v"]
	if c.parameters["g"] != metav1.GroupName || found.version != "v1" && found.version != "v1beta1" {
		return media{}, false
	}
	switch as {
	case "Table":
		found.form = asTable
		return found, found.mediaType != protobufType // a Table has no protobuf form
	case "PartialObjectMetadata", "PartialObjectMetadataList":
		found.form = asMetadata
		return found, true
	}
	return media{}, false
}

// bodyType is the media type of a request's body; none given means JSON.
func bodyType(req *http.Request) (string, error) {
	header := req.Header.Get("Content-Type")
	if header == "" {
		return jsonType, nil
	}
	mediaType, _, err := mime.ParseMediaType(header)
	if err != nil || !contains(mediaTypes, mediaType) {
		return "", unsupportedMedia(mediaTypes...)
	}
	return mediaType, nil
}

// mediaTypeOf is a Content-Type without its parameters.
func mediaTypeOf(header string) string {
	mediaType, _, _ := strings.Cut(header, ";")
	return strings.TrimSpace(mediaType)
}
