package mongo

import (
	"fmt"
	"strings"
)

// replicaSet is rs.
func (r *run) replicaSet(name string, arg func(int) value) (value, error) {
	switch name {
	case "initiate":
		return answered(r.send("initiate", "config", arg(0)))
	case "status":
		return answered(r.send("status"))
	case "isMaster":
		return r.isMaster()
	case "slaveOk", "secondaryOk":
		r.slaveOk = true
		return undefined{}, nil
	case "conf", "config":
		answer, err := r.send("conf")
		if err == nil {
			err = refused(answer, "Error: Could not retrieve replica set config: ")
		}
		if err != nil {
			return nil, err
		}
		return answer.get("config"), nil
	case "reconfig":
		options, _ := arg(1).(*object)
		return answered(r.send("reconfig", "config", arg(0), "force", options != nil && truth(options.get("force"))))
	case "add", "addArb", "remove":
		return r.changeMembers(name, arg)
	}
	return nil, failure{"stsim: of rs initiate, status, conf, reconfig, add, addArb, remove, isMaster and slaveOk are simulated, " + name + " is not"}
}

func answered(answer *object, err error) (value, error) {
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (r *run) isMaster() (value, error) {
	answer, err := r.send("isMaster")
	if err != nil {
		return nil, err
	}
	shown := doc()
	for _, key := range answer.keys {
		if key != "stateName" && key != "set" {
			shown.set(key, answer.fields[key])
		}
	}
	return shown, nil
}

// changeMembers is rs.add, rs.addArb and rs.remove: the configuration with one member more or less, and the next version.
func (r *run) changeMembers(name string, arg func(int) value) (value, error) {
	answer, err := r.send("conf")
	if err == nil {
		err = refused(answer, "Error: Could not retrieve replica set config: ")
	}
	if err != nil {
		return nil, err
	}
	config, ok := answer.get("config").(*object)
	if !ok {
		return nil, failure{"Error: there is no configuration"}
	}
	members, _ := config.get("members").([]value)
	highest := -1.0
	var left []value
	for _, item := range members {
		member, ok := item.(*object)
		if !ok {
			continue
		}
		highest = max(highest, number(member.get("_id")))
		if name != "remove" || strings.TrimSuffix(text(member.get("host")), ":27017") != strings.TrimSuffix(text(arg(0)), ":27017") {
			left = append(left, member)
		}
	}
	if name == "remove" && len(left) == len(members) {
		return nil, failure{"Error: error: couldn't find " + text(arg(0)) + " in " + show(members, false, "")}
	}
	if name != "remove" {
		member, ok := arg(0).(*object)
		if ok {
			member = member.clone()
		} else {
			member = doc("host", text(arg(0)))
		}
		added := doc("_id", highest+1)
		for _, key := range member.keys {
			added.set(key, member.fields[key])
		}
		if name == "addArb" || truth(arg(1)) {
			added.set("arbiterOnly", true)
		}
		left = append(left, added)
	}
	next := config.clone()
	next.set("version", number(config.get("version"))+1).set("members", left)
	return answered(r.send("reconfig", "config", next))
}

// onDatabase is db and its siblings.
func (r *run) onDatabase(database, name string, arg func(int) value) (value, error) {
	switch name {
	case "getSiblingDB":
		return thing{kind: "db", name: text(arg(0))}, nil
	case "getMongo":
		return thing{kind: "mongo"}, nil
	case "getName":
		return database, nil
	case "setSlaveOk":
		r.slaveOk = true
		return undefined{}, nil
	case "isMaster", "hello":
		return r.isMaster()
	case "getCollection":
		return thing{kind: "collection", name: database + "." + text(arg(0))}, nil
	case "getCollectionNames":
		answer, err := r.send("listCollections", "db", database)
		if err == nil {
			err = refused(answer, "Error: listCollections failed: ")
		}
		if err != nil {
			return nil, err
		}
		return answer.get("names"), nil
	case "auth":
		user, password := text(arg(0)), text(arg(1))
		if login, ok := arg(0).(*object); ok {
			user, password = text(login.get("user")), text(login.get("pwd"))
		}
		before := [3]string{r.user, r.password, r.authdb}
		r.user, r.password, r.authdb = user, password, database
		answer, err := r.send("auth")
		if err != nil {
			return nil, err
		}
		if !truth(answer.get("ok")) {
			r.user, r.password, r.authdb = before[0], before[1], before[2]
			fmt.Fprintln(r.c.Stdout, "Error: Authentication failed.")
			return 0.0, nil
		}
		return 1.0, nil
	case "createUser":
		given, ok := arg(0).(*object)
		if !ok {
			return nil, failure{"Error: expected a document with user, pwd and roles"}
		}
		answer, err := r.send("createUser", "db", database, "name", given.get("user"), "password", given.get("pwd"))
		if err != nil {
			return nil, err
		}
		if !truth(answer.get("ok")) {
			return nil, failure{"Error: couldn't add user: " + text(answer.get("errmsg"))}
		}
		shown := doc("user", given.get("user"), "roles", given.get("roles"))
		return result("Successfully added user: " + show(shown, true, "")), nil
	}
	return nil, failure{"stsim: db." + name + " is not simulated"}
}

// onCollection is db.NAME.
func (r *run) onCollection(database, collection, name string, arg func(int) value) (value, error) {
	send := func(command string, pairs ...any) (*object, error) {
		return r.send(command, append([]any{"db", database, "coll", collection}, pairs...)...)
	}
	majority := func(i int) bool {
		options, ok := arg(i).(*object)
		if !ok {
			return false
		}
		concern, ok := options.get("writeConcern").(*object)
		return ok && text(concern.get("w")) == "majority"
	}
	switch name {
	case "insert", "insertOne", "insertMany", "save":
		docs, many := arg(0).([]value)
		if !many {
			docs = []value{arg(0)}
		}
		answer, err := send("insert", "docs", docs, "majority", majority(1))
		if err != nil {
			return nil, err
		}
		if !truth(answer.get("ok")) {
			return r.writeFailed(answer, name)
		}
		made, _ := answer.get("docs").([]value)
		var ids []value
		for _, d := range made {
			if o, ok := d.(*object); ok {
				ids = append(ids, o.get("_id"))
			}
		}
		switch {
		case name == "insertOne" && len(ids) == 1:
			return doc("acknowledged", true, "insertedId", ids[0]), nil
		case name == "insertMany":
			return doc("acknowledged", true, "insertedIds", ids), nil
		case many:
			return result("BulkWriteResult({\n\t\"writeErrors\" : [ ],\n\t\"writeConcernErrors\" : [ ],\n\t\"nInserted\" : " + numeral(number(answer.get("n"))) + ",\n\t\"nUpserted\" : 0,\n\t\"nMatched\" : 0,\n\t\"nModified\" : 0,\n\t\"nRemoved\" : 0,\n\t\"upserted\" : [ ]\n})"), nil
		}
		return result("WriteResult({ \"nInserted\" : " + numeral(number(answer.get("n"))) + " })"), nil
	case "find", "findOne", "count", "countDocuments":
		limit := 0.0
		if name == "findOne" {
			limit = 1
		}
		answer, err := send("find", "filter", arg(0), "limit", limit)
		if err == nil {
			err = refused(answer, "Error: error: ")
		}
		if err != nil {
			return nil, err
		}
		docs, _ := answer.get("docs").([]value)
		switch {
		case name == "find":
			return cursor{docs: docs}, nil
		case name != "findOne":
			return float64(len(docs)), nil
		case len(docs) == 0:
			return nil, nil
		}
		return docs[0], nil
	case "update", "updateOne", "updateMany":
		options, _ := arg(2).(*object)
		answer, err := send("update", "filter", arg(0), "update", arg(1), "multi", name == "updateMany" || options != nil && truth(options.get("multi")), "majority", majority(2))
		if err != nil || !truth(answer.get("ok")) {
			return r.failedOr(answer, err, name)
		}
		n := numeral(number(answer.get("n")))
		if name == "update" {
			return result("WriteResult({ \"nMatched\" : " + n + ", \"nUpserted\" : 0, \"nModified\" : " + n + " })"), nil
		}
		return doc("acknowledged", true, "matchedCount", answer.get("n"), "modifiedCount", answer.get("n")), nil
	case "remove", "deleteOne", "deleteMany":
		answer, err := send("remove", "filter", arg(0), "one", name == "deleteOne", "majority", majority(1))
		if err != nil || !truth(answer.get("ok")) {
			return r.failedOr(answer, err, name)
		}
		if name == "remove" {
			return result("WriteResult({ \"nRemoved\" : " + numeral(number(answer.get("n"))) + " })"), nil
		}
		return doc("acknowledged", true, "deletedCount", answer.get("n")), nil
	case "drop":
		answer, err := send("drop")
		if err != nil {
			return nil, err
		}
		return truth(answer.get("ok")), nil
	}
	return nil, failure{"stsim: of collections " + strings.Join(collectionMethods, ", ") + " are simulated"}
}

func (r *run) failedOr(answer *object, err error, name string) (value, error) {
	if err != nil {
		return nil, err
	}
	return r.writeFailed(answer, name)
}

// writeFailed is a write that was refused: the old methods give it as a result, the new ones throw it.
func (r *run) writeFailed(answer *object, name string) (value, error) {
	switch number(answer.get("code")) {
	case 11000:
		text := "{\n\t\"nInserted\" : 0,\n\t\"writeError\" : {\n\t\t\"code\" : 11000,\n\t\t\"errmsg\" : " + quoted(text(answer.get("errmsg"))) + "\n\t}\n}"
		if name == "insert" || name == "save" {
			return result("WriteResult(" + text + ")"), nil
		}
		return nil, failure{"WriteError: " + text}
	case 64:
		text := "{\n\t\"nInserted\" : 1,\n\t\"writeConcernError\" : {\n\t\t\"code\" : 64,\n\t\t\"errmsg\" : " + quoted(text(answer.get("errmsg"))) + "\n\t}\n}"
		if name == "insert" || name == "save" {
			return result("WriteResult(" + text + ")"), nil
		}
		return nil, failure{"WriteConcernError: " + text}
	}
	if name == "insert" || name == "save" || name == "update" || name == "remove" {
		text := show(answer, false, "")
		if len(text) >= 80 {
			text = show(answer, true, "")
		}
		return result("WriteCommandError(" + text + ")"), nil
	}
	return nil, failure{"WriteCommandError: " + show(answer, true, "")}
}
