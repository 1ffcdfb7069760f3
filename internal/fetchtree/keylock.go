package fetchtree

import (
	"context"
	"sync"
)

// keyLock makes sure that one thing is fetched once at a time.
type keyLock struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// lock waits for key; unlock gives it back.
func (l *keyLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		l.mu.Lock()
		other, taken := l.held[key]
		if !taken {
			l.held[key] = make(chan struct{})
		}
		l.mu.Unlock()
		if !taken {
			return func() { l.release(key) }, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (l *keyLock) release(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held[key])
	delete(l.held, key)
}
