package api

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// The rules of the kinds of the group apps. Upstream: pkg/registry/apps/*/strategy.go.

var (
	controllerRevisionRules = rules[*appsv1.ControllerRevision]{
		validate: validateControllerRevision, validateUpdate: validateControllerRevisionUpdate,
	}
	daemonSetRules = rules[*appsv1.DaemonSet]{
		setDefaults: defaultDaemonSet, prepareForCreate: daemonSetParts.create, prepareForUpdate: daemonSetParts.update,
		validate: validateDaemonSet, validateUpdate: validateDaemonSetUpdate,
	}
	deploymentRules = rules[*appsv1.Deployment]{
		setDefaults: defaultDeployment, prepareForCreate: deploymentParts.create, prepareForUpdate: prepareDeploymentUpdate,
		validate: validateDeployment, validateUpdate: validateDeploymentUpdate,
	}
	replicaSetRules = rules[*appsv1.ReplicaSet]{
		setDefaults: defaultReplicaSet, prepareForCreate: replicaSetParts.create, prepareForUpdate: replicaSetParts.update,
		validate: validateReplicaSet, validateUpdate: validateReplicaSetUpdate,
		fields: func(set *appsv1.ReplicaSet) map[string]string {
			return map[string]string{"status.replicas": strconv.Itoa(int(set.Status.Replicas))}
		},
	}
	statefulSetRules = rules[*appsv1.StatefulSet]{
		setDefaults: defaultStatefulSet, prepareForCreate: statefulSetParts.create, prepareForUpdate: statefulSetParts.update,
		validate: func(set *appsv1.StatefulSet) field.ErrorList { return validateStatefulSet(set, Release{}) },
		validateUpdate: func(set, old *appsv1.StatefulSet, subresource string) field.ErrorList {
			return validateStatefulSetUpdate(set, old, subresource, Release{})
		},
	}
)

var (
	statefulSetParts = parts[*appsv1.StatefulSet, appsv1.StatefulSetSpec, appsv1.StatefulSetStatus]{
		func(set *appsv1.StatefulSet) *appsv1.StatefulSetSpec { return &set.Spec },
		func(set *appsv1.StatefulSet) *appsv1.StatefulSetStatus { return &set.Status },
	}
	deploymentParts = parts[*appsv1.Deployment, appsv1.DeploymentSpec, appsv1.DeploymentStatus]{
		func(deployment *appsv1.Deployment) *appsv1.DeploymentSpec { return &deployment.Spec },
		func(deployment *appsv1.Deployment) *appsv1.DeploymentStatus { return &deployment.Status },
	}
	replicaSetParts = parts[*appsv1.ReplicaSet, appsv1.ReplicaSetSpec, appsv1.ReplicaSetStatus]{
		func(set *appsv1.ReplicaSet) *appsv1.ReplicaSetSpec { return &set.Spec },
		func(set *appsv1.ReplicaSet) *appsv1.ReplicaSetStatus { return &set.Status },
	}
	daemonSetParts = parts[*appsv1.DaemonSet, appsv1.DaemonSetSpec, appsv1.DaemonSetStatus]{
		func(set *appsv1.DaemonSet) *appsv1.DaemonSetSpec { return &set.Spec },
		func(set *appsv1.DaemonSet) *appsv1.DaemonSetStatus { return &set.Status },
	}
)

// prepareDeploymentUpdate counts the generation up when annotations change, too.
func prepareDeploymentUpdate(deployment, old *appsv1.Deployment, subresource string) {
	deploymentParts.update(deployment, old, subresource)
	if subresource == "status" {
		deployment.Labels = old.Labels
	} else if !sameMeaning(deployment.Annotations, old.Annotations) {
		deployment.Generation = old.Generation + 1
	}
}
