package storecmd

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
)

// generateKey is nix-store --generate-binary-cache-key: it makes a key that
// signs what a binary cache serves, and writes both of its halves, each behind
// the name of the key.
func (s *session) generateKey(operands []string) error {
	if len(operands) != 3 {
		return errors.New("three arguments expected")
	}
	name := operands[0]
	public, secret, err := ed25519.GenerateKey(s.env.Random)
	if err != nil {
		return err
	}
	write := func(file string, key []byte, mode os.FileMode) error {
		return os.WriteFile(s.abs(file), []byte(name+":"+base64.StdEncoding.EncodeToString(key)), mode)
	}
	if err := write(operands[2], public, 0o644); err != nil {
		return err
	}
	return write(operands[1], secret, 0o600)
}
