package localstore

import "testing"

// ForgetTempRoots makes the store as if its process had ended and a new one
// had opened it.
func (s *Store) ForgetTempRoots(t testing.TB) {
	if err := s.temp.close(s.at.temp); err != nil {
		t.Fatal(err)
	}
	s.temp.rooted = nil
	s.forget()
}

// OnPass calls f at each moment that the store marks by a name.
func (s *Store) OnPass(f func(place string)) { s.passing = f }
