package control

import appsv1 "k8s.io/api/apps/v1"

var deploymentKind = appsv1.SchemeGroupVersion.WithKind("Deployment")
