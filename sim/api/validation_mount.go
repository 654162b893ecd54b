package api

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api/field"
)

func validateMounts(container *corev1.Container, volumes volumeNames, at field.Path) (errs field.ErrorList) {
	for i := range container.VolumeMounts {
		mount, path := &container.VolumeMounts[i], at.Index(i)
		errs = append(errs, required(mount.Name, path.Child("name"))...)
		if _, exists := volumes[mount.Name]; !exists {
			errs = append(errs, field.NotFound(path.Child("name"), mount.Name))
		}
		errs = append(errs, required(mount.MountPath, path.Child("mountPath"))...)
		for j := range i {
			if container.VolumeMounts[j].MountPath == mount.MountPath {
				errs = append(errs, field.Invalid(path.Child("mountPath"), mount.MountPath, "must be unique"))
				break
			}
		}
		for j := range container.VolumeDevices {
			if container.VolumeDevices[j].Name == mount.Name {
				errs = append(errs, field.Invalid(path.Child("name"), mount.Name, "must not already exist in volumeDevices"))
			}
			if container.VolumeDevices[j].DevicePath == mount.MountPath {
				errs = append(errs, field.Invalid(path.Child("mountPath"), mount.MountPath, "must not already exist as a path in volumeDevices"))
			}
		}
		if mount.SubPath != "" {
			errs = append(errs, checkDescendingPath(mount.SubPath, at.Child("subPath"))...)
		}
		if mount.SubPathExpr != "" {
			if mount.SubPath != "" {
				errs = append(errs, field.Invalid(path.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
			}
			errs = append(errs, checkDescendingPath(mount.SubPathExpr, at.Child("subPathExpr"))...)
		}
		errs = append(errs, validatePropagation(mount, container, at)...)
	}
	return errs
}

func validatePropagation(mount *corev1.VolumeMount, container *corev1.Container, at field.Path) (errs field.ErrorList) {
	if mode := mount.MountPropagation; mode != nil {
		path := at.Child("mountPropagation")
		errs = append(errs, checkAmong(*mode, path, corev1.MountPropagationBidirectional, corev1.MountPropagationHostToContainer, corev1.MountPropagationNone)...)
		context := container.SecurityContext
		if *mode == corev1.MountPropagationBidirectional && (context == nil || context.Privileged == nil || !*context.Privileged) {
			errs = append(errs, field.Forbidden(path, "Bidirectional mount propagation is available only to privileged containers"))
		}
	}
	if mode := mount.RecursiveReadOnly; mode != nil && *mode != corev1.RecursiveReadOnlyDisabled {
		path := at.Child("recursiveReadOnly")
		if unsupported := checkAmong(*mode, path, corev1.RecursiveReadOnlyDisabled, corev1.RecursiveReadOnlyEnabled, corev1.RecursiveReadOnlyIfPossible); unsupported != nil {
			return append(errs, unsupported...)
		}
		if !mount.ReadOnly {
			errs = append(errs, field.Forbidden(path, "may only be specified when readOnly is true"))
		}
		if mount.MountPropagation != nil && *mount.MountPropagation != corev1.MountPropagationNone {
			errs = append(errs, field.Forbidden(path, "may only be specified when mountPropagation is None or not specified"))
		}
	}
	return errs
}

func validateDevices(container *corev1.Container, volumes volumeNames, at field.Path) (errs field.ErrorList) {
	for i := range container.VolumeDevices {
		device, path := &container.VolumeDevices[i], at.Index(i)
		mayBeBlock, exists := volumes[device.Name]
		errs = append(errs, required(device.Name, path.Child("name"))...)
		for j := range i {
			if device.Name != "" && container.VolumeDevices[j].Name == device.Name {
				errs = append(errs, field.Invalid(path.Child("name"), device.Name, "must be unique"))
				break
			}
		}
		if exists && !mayBeBlock {
			errs = append(errs, field.Invalid(path.Child("name"), device.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"))
		}
		if !exists {
			errs = append(errs, field.NotFound(path.Child("name"), device.Name))
		}
		errs = append(errs, required(device.DevicePath, path.Child("devicePath"))...)
		for j := range i {
			if container.VolumeDevices[j].DevicePath == device.DevicePath {
				errs = append(errs, field.Invalid(path.Child("devicePath"), device.DevicePath, "must be unique"))
				break
			}
		}
		if len(checkNoBacksteps(device.DevicePath, path)) > 0 {
			errs = append(errs, field.Invalid(path.Child("devicePath"), device.DevicePath, "can not contain backsteps ('..')"))
		}
		for j := range container.VolumeMounts {
			if container.VolumeMounts[j].Name == device.Name {
				errs = append(errs, field.Invalid(path.Child("name"), device.Name, "must not already exist in volumeMounts"))
			}
			if container.VolumeMounts[j].MountPath == device.DevicePath {
				errs = append(errs, field.Invalid(path.Child("devicePath"), device.DevicePath, "must not already exist as a path in volumeMounts"))
			}
		}
	}
	return errs
}
