package sim

// Promises are the guarantees that are checked after every event, most of them those of a StatefulSet. A sentence says what holds whatever
// happens; where people can break it (by deleting a Pod without waiting for its node, say) it says so.
//
//	promises_identity.go  who a Pod is, and that it is there once
//	promises_order.go     in which order Pods come and go
//	promises_rollout.go   which revision they are at, and how many a rollout takes down
//	promises_storage.go   claims, volumes and what is in them
//	promises_status.go    what a StatefulSet says of itself
//	promises_pod.go       what a Pod says of itself
//	promises_network.go   endpoints, and with them the answers of DNS
//	promises_object.go    what the API promises of every object
func Promises() []Promise {
	return []Promise{
		{"at most one container of a name runs per Pod identity", oneProcessPerIdentity},
		{"the name of a Pod becomes free only when its containers have ended, or when somebody deletes it by force", nameFreeWhenEnded},
		{"a StatefulSet creates only Pods of its own ordinals, with the labels, hostname, subdomain and owner that belong to them", identityRight},

		{"with OrderedReady a Pod is created only when all Pods before it are Running and Ready, for minReadySeconds", createdInOrder},
		{"with OrderedReady a Pod is deleted by scaling only when all Pods after it are gone", condemnedInOrder},
		{"with OrderedReady no Pod is deleted by scaling while a Pod that stays is not Running and Ready, for minReadySeconds", condemnedWhenReady},
		{"with OrderedReady a Pod that is not Ready is deleted by scaling only when all Pods before it are", condemnedFirst},

		{"a Pod is created at the current or at the update revision, and below the partition at the current one", revisionOfNewPods},
		{"a Pod is created from the template of its revision", templateOfRevision},
		{"a StatefulSet takes down a Pod that it wants only to bring it to the update revision, from the partition on, and never with OnDelete", partitionRespected},
		{"a rollout takes down one Pod at a time, from the highest ordinal down, when those above are updated and available; with maxUnavailable at most that many", rolloutGentle},
		{"with OrderedReady a rollout takes down a Pod only when all that are wanted are Running and Ready, for minReadySeconds, and no others are left", rolloutInOrder},
		{"the update revision becomes the current one only when all Pods are at it and Ready", rolloutComplete},

		{"a Pod of a StatefulSet mounts the claims of its ordinal, and they are there before it", claimsOfOrdinal},
		{"no control loop deletes a claim that the retention policy keeps", claimsRetained},
		{"the claims of a StatefulSet have owners only where its retention policy says Delete", claimOwners},
		{"a claim that has a volume or a class keeps it", claimKeepsVolume},
		{"what is in a volume changes only through containers that mount it, from one Pod's life to the next", dataSurvives},
		{"no control loop deletes a volume whose reclaim policy is Retain", volumesRetained},
		{"a ReadWriteOnce volume is used on one node at a time", oneNodePerVolume},

		{"the counters of a StatefulSet's status add up", statusAddsUp},
		{"after a look of its controller that nothing went wrong in, a StatefulSet's status counts the Pods that were seen", statusTells},
		{"the generation that a StatefulSet's controller has seen only grows, up to the one there is", observedGrows},
		{"the revisions that a StatefulSet's status names are there", revisionsNamed},
		{"a ControllerRevision keeps its data, and numbers only grow", revisionNumbersGrow},

		{"a Pod that has Succeeded or Failed stays so", phasesFinal},
		{"the restart counts of a Pod never fall", restartsNeverFall},
		{"a Pod stays on the node that it was bound to", nodeKept},
		{"an eviction never exceeds a disruption budget", budgetsHeld},

		{"every name that DNS answers leads to a Pod that was Ready, or whose Service publishes those that are not", endpointsWereReady},
		{"the endpoints of a Service are those of its Pods", endpointsOfPods},
		{"the endpoints of a Service follow a change of a Pod within a second", endpointsFollow},

		{"an object keeps its uid and the time of its creation", uidKept},
		{"resource versions grow with every write", versionsGrow},
		{"a deletion is never taken back, and its grace period only gets shorter", deletionFinal},
	}
}
