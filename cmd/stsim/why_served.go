package main

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/why"
)

// What a served cluster answers beside the API. Both take kind and namespace, the first also name, and answer with JSON: a [why.Report], or a list of names.
const (
	whyPath   = "/stsim/why"
	namesPath = "/stsim/names"
)

// addWhy answers the questions of stsim why.
func addWhy(mux *http.ServeMux, d *door.Door) {
	mux.HandleFunc("GET "+whyPath, func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		var report why.Report
		var err error
		d.Do(func(cluster *sim.Cluster) {
			report, err = why.Explain(cluster.View(), cluster.Settings(), query.Get("kind"), query.Get("namespace"), query.Get("name"))
		})
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(writer, report)
	})
	mux.HandleFunc("GET "+namesPath, func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		names := []string{}
		d.Do(func(cluster *sim.Cluster) {
			names = append(names, why.Names(cluster.View(), query.Get("kind"), query.Get("namespace"))...)
		})
		writeJSON(writer, names)
	})
}

func writeJSON(writer http.ResponseWriter, value any) {
	writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(writer).Encode(value) // whoever is gone needs no answer
}

func (c servedCluster) explain(kind, namespace, name string) (report why.Report, err error) {
	err = c.ask(http.MethodGet, whyPath, url.Values{"kind": {kind}, "namespace": {namespace}, "name": {name}}, &report)
	return report, err
}

func (c servedCluster) names(kind, namespace string) (names []string, err error) {
	err = c.ask(http.MethodGet, namesPath, url.Values{"kind": {kind}, "namespace": {namespace}}, &names)
	return names, err
}
