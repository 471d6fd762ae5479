package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// makeKeys writes every key (NAME.key, NAME.pub) and certificate (NAME.pem) that the servers need.
func makeKeys(folder string) {
	a := &authority{folder: folder}
	root := a.issue("fulcio-root", elliptic.P384(), nil, issuing(nil))
	inter := a.issue("fulcio-inter", elliptic.P256(), root, issuing([]x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}))
	a.chain("fulcio-chain", inter, root)
	root = a.issue("tsa-root", elliptic.P384(), nil, issuing(nil))
	stamping := &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{timeStampingOnly}}
	a.chain("tsa-chain", a.issue("tsa", elliptic.P256(), root, stamping), root)
	root = a.issue("tls-root", elliptic.P256(), nil, issuing(nil))
	a.issue("tls-server", elliptic.P256(), root, &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"tsa.stack.test"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.issue("tls-client", elliptic.P256(), root, &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	for _, name := range []string{"ctlog", "rekor1"} {
		a.write(name, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	a.write("rekor2", key)
}

// timeStampingOnly is the critical extended key usage that RFC 3161 §2.3 asks for.
var timeStampingOnly = pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true,
	Value: must(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}))}

func issuing(usages []x509.ExtKeyUsage) *x509.Certificate {
	return &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: usages}
}

type authority struct{ folder string }

type issued struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func (a *authority) issue(name string, curve elliptic.Curve, by *issued, wanted *x509.Certificate) *issued {
	key := must(ecdsa.GenerateKey(curve, rand.Reader))
	wanted.SerialNumber = must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	wanted.Subject = pkix.Name{Organization: []string{"stack.test"}, CommonName: name}
	wanted.NotBefore, wanted.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(365*24*time.Hour)
	wanted.BasicConstraintsValid = true
	if by == nil {
		by = &issued{wanted, key}
	}
	der := must(x509.CreateCertificate(rand.Reader, wanted, by.certificate, key.Public(), by.key))
	a.write(name, key)
	a.pem(name+".pem", "CERTIFICATE", der)
	return &issued{must(x509.ParseCertificate(der)), key}
}

func (a *authority) chain(name string, members ...*issued) {
	var text []byte
	for _, member := range members {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: member.certificate.Raw})...)
	}
	check(os.WriteFile(filepath.Join(a.folder, name+".pem"), text, 0o644))
}

func (a *authority) write(name string, key crypto.Signer) {
	a.pem(name+".key", "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	a.pem(name+".pub", "PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key.Public())))
}

func (a *authority) pem(file, kind string, der []byte) {
	check(os.WriteFile(filepath.Join(a.folder, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
