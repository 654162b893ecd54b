package control

// Loops are all control loops, in the order in which they hear of a change.
func Loops() []Loop {
	return []Loop{
		namespaceLoop(),
		statefulSetLoop(),
		volumeLoop(),
		volumeProtectionLoop(),
		schedulerLoop(),
		kubeletLoop(),
		endpointSliceLoop(),
		endpointsLoop(),
		disruptionLoop(),
		garbageCollectorLoop(),
	}
}
