package sim

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/control"
)

// Every promise is broken here on purpose, at least once.
var breaches = []struct {
	sentence string // how the promise begins
	before   func(*planting)
	plant    func(*planting)
	found    string
}{
	{sentence: "at most one container of a name", found: "default/web-1 nginx runs 2 times; the one on node-1 is a ghost (its Pod was deleted by force)",
		plant: func(p *planting) { p.starts("web-1", "ghost", func(*container.Container, *container.Sandbox) {}) }},
	{sentence: "at most one container of a name", found: "default/web-1 nginx runs 2 times",
		plant: func(p *planting) {
			run := p.run("web-1")
			run.Attempt++
			p.tx.PutRow(container.Containers, &run)
		}},
	{sentence: "the name of a Pod becomes free", found: "default/web-1 is gone while its container nginx runs on node-1",
		plant: func(p *planting) { p.who = "kubelet"; p.tx.Delete(find[*corev1.Pod](p, "web-1")) }},
	{sentence: "a StatefulSet creates only Pods", found: "default/web-3 is none of the ordinals 0 to 2",
		plant: func(p *planting) { p.born(func(*corev1.Pod) {}) }},
	{sentence: "a StatefulSet creates only Pods", before: wantFour, found: "default/web-3 has the label statefulset.kubernetes.io/pod-name=web-2",
		plant: func(p *planting) {
			p.born(func(pod *corev1.Pod) { pod.Labels[appsv1.StatefulSetPodNameLabel] = "web-2" })
		}},
	{sentence: "a StatefulSet creates only Pods", before: wantFour, found: "default/web-3 has the label apps.kubernetes.io/pod-index=2",
		plant: func(p *planting) { p.born(func(pod *corev1.Pod) { pod.Labels[appsv1.PodIndexLabel] = "2" }) }},
	{sentence: "a StatefulSet creates only Pods", before: wantFour, found: `default/web-3 has the hostname "web"`,
		plant: func(p *planting) { p.born(func(pod *corev1.Pod) { pod.Spec.Hostname = "web" }) }},
	{sentence: "a StatefulSet creates only Pods", before: wantFour, found: `default/web-3 has the subdomain "web", and the Service of its StatefulSet is "nginx"`,
		plant: func(p *planting) { p.born(func(pod *corev1.Pod) { pod.Spec.Subdomain = "web" }) }},
	{sentence: "a StatefulSet creates only Pods", before: wantFour, found: "default/web-3 is not controlled by its StatefulSet",
		plant: func(p *planting) { p.born(func(pod *corev1.Pod) { pod.OwnerReferences = nil }) }},

	{sentence: "with OrderedReady a Pod is created", found: "web-3 was created while web-1 is not Running and Ready",
		before: func(p *planting) { wantFour(p); p.pod("web-1", notReady) },
		plant:  func(p *planting) { p.born(func(*corev1.Pod) {}) }},
	{sentence: "with OrderedReady a Pod is created", found: "web-3 was created while web-0 is not Running and Ready",
		before: func(p *planting) {
			wantFour(p)
			p.set(func(set *appsv1.StatefulSet) { set.Spec.MinReadySeconds = 600 })
		},
		plant: func(p *planting) { p.born(func(*corev1.Pod) {}) }},
	{sentence: "with OrderedReady a Pod is deleted", before: wantOne, found: "web-1 is being deleted while web-2 is still there",
		plant: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "with OrderedReady no Pod is deleted", found: "web-2 is being deleted while web-0 is not Running and Ready",
		before: func(p *planting) { wantOne(p); p.pod("web-0", notReady) },
		plant:  func(p *planting) { p.pod("web-2", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "with OrderedReady a Pod that is not Ready", found: "web-2 is being deleted while neither it nor web-1 is Ready",
		before: func(p *planting) { wantOne(p); p.pod("web-1", notReady); p.pod("web-2", notReady) },
		plant:  func(p *planting) { p.pod("web-2", func(pod *corev1.Pod) { deleted(pod) }) }},

	{sentence: "a Pod is created from the template", before: wantFour, found: " and has other annotations",
		plant: func(p *planting) { p.born(func(pod *corev1.Pod) { pod.Annotations = map[string]string{"who": "me"} }) }},
	{sentence: "a Pod is created from the template", before: wantFour, found: " and does not run its image registry.k8s.io/nginx-slim:0.21",
		plant: func(p *planting) { p.born(func(pod *corev1.Pod) { pod.Spec.Containers[0].Image = "nginx" }) }},
	{sentence: "with OrderedReady a rollout", found: "default/web-2 was deleted while web-0 is not Running and Ready",
		before: func(p *planting) { nextRevision(p); p.pod("web-0", notReady) },
		plant:  func(p *planting) { p.pod("web-2", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "with OrderedReady a rollout", found: "default/web-1 was deleted while web-2 is still there",
		before: func(p *planting) {
			nextRevision(p)
			p.set(func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(2)) })
		},
		plant: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "the update revision becomes the current one", before: nextRevision, found: "web is now at web-next, with 1 of 3 Pods updated and 3 Ready",
		plant: func(p *planting) {
			p.set(func(set *appsv1.StatefulSet) { set.Status.CurrentRevision, set.Status.UpdatedReplicas = "web-next", 1 })
		}},
	{sentence: "after a look of its controller", found: "readyReplicas of web is 2, and the controller saw 3",
		plant: func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Status.ReadyReplicas = 2 }) }},
	{sentence: "a Pod is created at the current", before: wantFour, found: "default/web-3 is at revision web-other, neither ",
		plant: func(p *planting) {
			p.born(func(pod *corev1.Pod) { pod.Labels[appsv1.StatefulSetRevisionLabel] = "web-other" })
		}},
	{sentence: "a Pod is created at the current", found: "default/web-3 is below the partition and at revision web-next instead of ",
		before: func(p *planting) {
			wantFour(p)
			partition(p, 4)
			nextRevision(p)
		},
		plant: func(p *planting) {
			p.born(func(pod *corev1.Pod) { pod.Labels[appsv1.StatefulSetRevisionLabel] = "web-next" })
		}},
	{sentence: "a StatefulSet takes down a Pod", before: nextRevision, found: "default/web-0 was deleted although the rollout ends at ordinal 1",
		plant: func(p *planting) { p.pod("web-0", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "a StatefulSet takes down a Pod", found: "default/web-2 was deleted although it is at the update revision ",
		plant: func(p *planting) { p.tx.Delete(find[*corev1.Pod](p, "web-2")) }},
	{sentence: "a StatefulSet takes down a Pod", found: "default/web-2 was deleted although the strategy is OnDelete",
		before: func(p *planting) {
			nextRevision(p)
			p.set(func(set *appsv1.StatefulSet) {
				set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
			})
		},
		plant: func(p *planting) { p.pod("web-2", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "a rollout takes down one Pod", before: nextRevision, found: "web-1 was deleted while web-2 is not yet updated and available",
		plant: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { deleted(pod) }) }},
	{sentence: "a rollout takes down one Pod", before: nextRevision, found: "web-1 is the second Pod of StatefulSet web that was deleted at once",
		plant: func(p *planting) {
			p.pod("web-2", func(pod *corev1.Pod) { deleted(pod) })
			p.pod("web-1", func(pod *corev1.Pod) { deleted(pod) })
		}},
	{sentence: "a rollout takes down one Pod", found: "StatefulSet web has 2 Pods deleted with 1 unavailable, and may have 2",
		before: func(p *planting) {
			p.settings.Release = p.settings.Release.WithGate(api.MaxUnavailableStatefulSet, true)
			p.set(func(set *appsv1.StatefulSet) {
				set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = ptr.To(two)
			})
			nextRevision(p)
			p.pod("web-0", notReady)
		},
		plant: func(p *planting) {
			p.pod("web-2", func(pod *corev1.Pod) { deleted(pod) })
			p.pod("web-1", func(pod *corev1.Pod) { deleted(pod) })
		}},

	{sentence: "a Pod of a StatefulSet mounts", before: wantFour, found: `volume www of default/web-3 is claim "www-web-2" and not www-web-3`,
		plant: func(p *planting) {
			p.born(func(pod *corev1.Pod) { pod.Spec.Volumes = find[*corev1.Pod](p, "web-2").Spec.Volumes })
		}},
	{sentence: "a Pod of a StatefulSet mounts", before: wantFour, found: "default/web-3 was created before its claim www-web-3",
		plant: func(p *planting) {
			p.born(func(*corev1.Pod) {})
			p.tx.Delete(find[*corev1.PersistentVolumeClaim](p, "www-web-3"))
		}},
	{sentence: "no control loop deletes a claim", found: "statefulset deleted claim default/www-web-1",
		plant: func(p *planting) {
			p.claim("www-web-1", func(claim *corev1.PersistentVolumeClaim) { deleted(claim) })
		}},
	{sentence: "the claims of a StatefulSet have owners", found: "claim default/www-web-1 is owned by StatefulSet web, whose policy whenDeleted is Retain",
		plant: func(p *planting) {
			p.claim("www-web-1", func(claim *corev1.PersistentVolumeClaim) {
				claim.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(find[*appsv1.StatefulSet](p, "web"), appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
			})
		}},
	{sentence: "the claims of a StatefulSet have owners", found: "claim default/www-web-1 is owned by Pod web-1, and the policy whenScaled is Retain",
		plant: func(p *planting) {
			p.claim("www-web-1", func(claim *corev1.PersistentVolumeClaim) {
				claim.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(find[*corev1.Pod](p, "web-1"), corev1.SchemeGroupVersion.WithKind("Pod"))}
			})
		}},
	{sentence: "a claim that has a volume", found: `claim default/www-web-1 changed its volume from pvc-`,
		plant: func(p *planting) {
			p.claim("www-web-1", func(claim *corev1.PersistentVolumeClaim) { claim.Spec.VolumeName = "other" })
		}},
	{sentence: "a claim that has a volume", found: `claim default/www-web-1 lost its class "standard"`,
		plant: func(p *planting) {
			p.claim("www-web-1", func(claim *corev1.PersistentVolumeClaim) { claim.Spec.StorageClassName = nil })
		}},
	{sentence: "what is in a volume changes only", before: stopped, found: "/index.html of volume pvc-",
		plant: func(p *planting) {
			row := p.volume("www-web-1")
			row.Tree = row.Tree.With("index.html", []byte("somebody was here\n"), 0o644)
			p.tx.PutRow(container.Volumes, &row)
		}},
	{sentence: "what is in a volume changes only", before: stopped, found: ", which is bound, are gone",
		plant: func(p *planting) {
			row := p.volume("www-web-1")
			p.tx.DeleteRow(container.Volumes, row.Key)
		}},
	{sentence: "no control loop deletes a volume", found: "statefulset deleted volume pvc-",
		before: func(p *planting) {
			change(p, p.volumeName("www-web-1"), func(volume *corev1.PersistentVolume) {
				volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
			})
		},
		plant: func(p *planting) { p.tx.Delete(find[*corev1.PersistentVolume](p, p.volumeName("www-web-1"))) }},
	{sentence: "a ReadWriteOnce volume", found: " is used on node-1 and on node-9",
		plant: func(p *planting) {
			p.starts("web-1", "other", func(run *container.Container, sandbox *container.Sandbox) {
				run.Node, sandbox.Node, sandbox.Pod = "node-9", "node-9", sandbox.Pod.DeepCopy()
				sandbox.Pod.Name = "other"
			})
		}},

	{sentence: "the counters of a StatefulSet's status", found: "readyReplicas of web is 4 of 3",
		plant: func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Status.ReadyReplicas = 4 }) }},
	{sentence: "the counters of a StatefulSet's status", found: "web has 3 current and 1 updated Pods of 3",
		plant: func(p *planting) {
			p.set(func(set *appsv1.StatefulSet) { set.Status.UpdateRevision, set.Status.UpdatedReplicas = "web-next", 1 })
		}},
	{sentence: "the generation that a StatefulSet's", found: "observedGeneration of web is 9, and its generation ",
		plant: func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Status.ObservedGeneration = 9 }) }},
	{sentence: "the generation that a StatefulSet's", found: "observedGeneration of web fell from ",
		plant: func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Status.ObservedGeneration = 0 }) }},
	{sentence: "the generation that a StatefulSet's", found: "generation of web fell from 5 to 4",
		before: func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Generation = 5 }) },
		plant:  func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Generation = 4 }) }},
	{sentence: "the revisions that a StatefulSet's status", found: `web is said to be at revision "web-next", which there is not`,
		plant: func(p *planting) { p.set(func(set *appsv1.StatefulSet) { set.Status.UpdateRevision = "web-next" }) }},
	{sentence: "a ControllerRevision keeps", before: nextRevision, found: "the number of default/web-next fell from 2 to 1",
		plant: func(p *planting) {
			change(p, "web-next", func(revision *appsv1.ControllerRevision) { revision.Revision = 1 })
		}},
	{sentence: "a ControllerRevision keeps", before: nextRevision, found: "the data of default/web-next changed",
		plant: func(p *planting) {
			change(p, "web-next", func(revision *appsv1.ControllerRevision) { revision.Data.Raw = []byte("{}") })
		}},
	{sentence: "a ControllerRevision keeps", before: nextRevision, found: "the new revision web-last has number 2, and web-next has 2",
		plant: func(p *planting) { add(p, "web-next", "web-last", func(*appsv1.ControllerRevision) {}) }},

	{sentence: "a Pod that has Succeeded or Failed", found: "default/web-1 went from Failed to Running",
		before: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodFailed }) },
		plant:  func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodRunning }) }},
	{sentence: "the restart counts", found: "default/web-1: the restarts of container nginx fell from 2 to 1",
		before: func(p *planting) {
			p.pod("web-1", func(pod *corev1.Pod) { pod.Status.ContainerStatuses[0].RestartCount = 2 })
		},
		plant: func(p *planting) {
			p.pod("web-1", func(pod *corev1.Pod) { pod.Status.ContainerStatuses[0].RestartCount = 1 })
		}},
	{sentence: "a Pod stays on the node", found: `default/web-1 went from node-1 to "node-9"`,
		plant: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { pod.Spec.NodeName = "node-9" }) }},
	{sentence: "an eviction never exceeds", found: "default/web-1 was evicted while budget web allows no disruption",
		plant: func(p *planting) { p.pod("web-1", evict) }},
	{sentence: "an eviction never exceeds", found: "default/web-1 was evicted and not charged to budget web",
		before: func(p *planting) {
			change(p, "web", func(budget *policyv1.PodDisruptionBudget) { budget.Status.DisruptionsAllowed = 1 })
		},
		plant: func(p *planting) { p.pod("web-1", evict) }},

	{sentence: "every name that DNS answers", found: "nginx answers with [10.9.9.9], and Pod web-0 is at ",
		plant: func(p *planting) {
			p.endpoint(func(endpoint *discoveryv1.Endpoint) { endpoint.Addresses = []string{"10.9.9.9"} })
		}},
	{sentence: "every name that DNS answers", before: func(p *planting) { p.pod("web-0", notReady) }, found: ", and Pod web-0 is not Ready",
		plant: func(p *planting) { p.endpoint(func(*discoveryv1.Endpoint) {}) }},
	{sentence: "every name that DNS answers", found: ", and Pod web-0 is gone",
		plant: func(p *planting) {
			p.endpoint(func(endpoint *discoveryv1.Endpoint) { endpoint.TargetRef.UID = "earlier" })
		}},
	{sentence: "every name that DNS answers", found: ", and Pod web-0 has another name than web-1",
		plant: func(p *planting) {
			p.endpoint(func(endpoint *discoveryv1.Endpoint) { endpoint.Hostname = ptr.To("web-1") })
		}},
	{sentence: "the endpoints of a Service are", found: "Pod web-0 is an endpoint of Service default/nginx with ready=false",
		plant: func(p *planting) {
			p.endpoint(func(endpoint *discoveryv1.Endpoint) { endpoint.Conditions.Ready = ptr.To(false) })
		}},
	{sentence: "the endpoints of a Service are", found: "Pod web-0 is no endpoint of Service default/nginx",
		plant: func(p *planting) {
			p.who, p.key = endpointSlices, "default/nginx"
			p.tx.Delete(find[*discoveryv1.EndpointSlice](p, p.sliceOf("nginx")))
		}},
	{sentence: "the endpoints of a Service are", found: "Service default/nginx has endpoints that are none of its Pods: [web-9]",
		plant: func(p *planting) {
			p.who, p.key = endpointSlices, "default/nginx"
			change(p, p.sliceOf("nginx"), func(slice *discoveryv1.EndpointSlice) {
				another := slice.Endpoints[0].DeepCopy()
				another.TargetRef.Name = "web-9"
				slice.Endpoints = append(slice.Endpoints, *another)
			})
		}},
	{sentence: "the endpoints of a Service follow", found: "nobody is about to tell Service nginx of the change of Pod default/web-1",
		plant: func(p *planting) {
			// A loop that is never woken: it does not hear of the change.
			p.order = slices.Clone(p.order)
			p.order[slices.IndexFunc(p.order, func(loop control.Loop) bool { return loop.Name == endpointSlices })].Wakes = nil
			p.pod("web-1", notReady)
		}},

	{sentence: "an object keeps its uid", found: "Pod default/web-1 is now planted and was ",
		plant: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { pod.UID = "planted" }) }},
	{sentence: "an object keeps its uid", found: "Pod default/web-1 is created at another time",
		plant: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { pod.CreationTimestamp = metav1.Time{} }) }},
	{sentence: "resource versions grow", found: "Pod default/web-1 has version 1 and was written as ",
		plant: func(p *planting) {
			pod := find[*corev1.Pod](p, "web-1").DeepCopy()
			p.tx.Put(pod)
			pod.ResourceVersion = "1"
		}},
	{sentence: "a deletion is never taken back", found: "Pod default/web-1 was being deleted and is not any more",
		before: func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { deleted(pod) }) },
		plant:  func(p *planting) { p.pod("web-1", func(pod *corev1.Pod) { pod.DeletionTimestamp = nil }) }},
	{sentence: "a deletion is never taken back", found: "the grace period of Pod default/web-1 grew from 1 s to 30 s",
		before: func(p *planting) {
			p.pod("web-1", func(pod *corev1.Pod) { deleted(pod); pod.DeletionGracePeriodSeconds = ptr.To(int64(1)) })
		},
		plant: func(p *planting) {
			p.pod("web-1", func(pod *corev1.Pod) { pod.DeletionGracePeriodSeconds = ptr.To(int64(30)) })
		}},
}
