package control

// Loops are all control loops, in the order in which they hear of a change.
func Loops() []Loop {
	return []Loop{
		namespaceLoop(),
		statefulSetLoop(),
		volumeLoop(),
		volumeProtectionLoop(),
		volumeExpandLoop(),
		nodeLifecycleLoop(),
		nodeStatusLoop(),
		taintEvictionLoop(),
		podGCLoop(),
		attachDetachLoop(),
		schedulerLoop(),
		kubeletLoop(),
		endpointSliceLoop(),
		endpointsLoop(),
		jobLoop(),
		finishedJobLoop(),
		deploymentLoop(),
		replicaSetLoop(),
		replicationControllerLoop(),
		ephemeralVolumeLoop(),
		disruptionLoop(),
		notSimulatedLoop(),
		garbageCollectorLoop(),
	}
}
