package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"
)

// credentials are what a client needs to trust and reach a served cluster. Those of a cluster that is kept in a file lie beside it, so that a kubeconfig
// goes on working; they are not in it, so that it can be handed to others.
type credentials struct {
	API         string // address and port
	DNS         string
	Token       string
	Certificate []byte // PEM; its own authority
	Key         []byte // PEM
}

// keysPath is where the credentials of the cluster in a file are kept.
func keysPath(state string) string { return state + ".keys" }

// readCredentials finds the credentials that a cluster was served with last; none when there are none.
func readCredentials(state string) (kept credentials, err error) {
	content, err := os.ReadFile(keysPath(state))
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	if err != nil {
		return kept, failure{fmt.Sprintf("%s: %v\nhint: remove it; the cluster then gets a new token and certificate", keysPath(state), err)}
	}
	return kept, nil
}

// write keeps the credentials for this user's eyes only.
func (c credentials) write(state string) error {
	content, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(keysPath(state), append(content, '\n'))
}

// complete makes what is missing, or no longer valid, for some addresses.
func (c credentials) complete(addresses []net.IP) (credentials, error) {
	var err error
	if c.Token == "" {
		if c.Token, err = newToken(); err != nil {
			return c, err
		}
	}
	if !c.validFor(addresses) {
		c.Certificate, c.Key, err = newCertificate(addresses)
	}
	return c, err
}

// renewBefore is how long before its end a certificate is replaced.
const renewBefore = 24 * time.Hour

func (c credentials) validFor(addresses []net.IP) bool {
	block, _ := pem.Decode(c.Certificate)
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil || time.Until(certificate.NotAfter) < renewBefore {
		return false
	}
	for _, address := range addresses {
		if certificate.VerifyHostname(address.String()) != nil {
			return false
		}
	}
	_, err = tls.X509KeyPair(c.Certificate, c.Key)
	return err == nil
}

// listenAgain listens where the cluster was served last, unless the command line says where, or somebody else is there.
func listenAgain(last, asked string, said bool, listen func(address string) error) error {
	if last != "" && !said && listen(last) == nil {
		return nil
	}
	return listen(asked)
}
