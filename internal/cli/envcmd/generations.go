package envcmd

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"isomorph/internal/profile"
)

// noOperands refuses operands.
func (c *command) noOperands() error {
	if len(c.args) > 0 {
		return usage("no arguments expected")
	}
	return nil
}

func (c *command) switchProfile(context.Context) error {
	if len(c.args) != 1 {
		return usage("exactly one argument expected")
	}
	return profile.Point(c.places.Link, c.abs(c.args[0]), c.env.Random)
}

func (c *command) switchGeneration(ctx context.Context) error {
	if len(c.args) != 1 {
		return usage("exactly one argument expected")
	}
	n, err := strconv.ParseUint(c.args[0], 10, 62)
	if err != nil {
		return usage("expected a generation number")
	}
	if n == 0 {
		return fmt.Errorf("profile version 0 does not exist")
	}
	return c.profile().Switch(ctx, int(n))
}

func (c *command) rollback(ctx context.Context) error {
	if err := c.noOperands(); err != nil {
		return err
	}
	return c.profile().Switch(ctx, 0)
}

func (c *command) listGenerations(ctx context.Context) error {
	if err := c.noOperands(); err != nil {
		return err
	}
	p := c.profile()
	unlock, err := p.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	gens, current, err := p.Generations()
	if err != nil {
		return err
	}
	zone := c.env.Now().Location()
	for _, g := range gens {
		mark := ""
		if g.Number == current {
			mark = "(current)"
		}
		fmt.Fprintf(c.env.Stdout, "%4d   %s   %s\n", g.Number, g.Made.In(zone).Format("2006-01-02 15:04:05"), mark)
	}
	return nil
}

func (c *command) deleteGenerations(ctx context.Context) error {
	p := c.profile()
	if len(c.args) == 1 {
		switch arg := c.args[0]; {
		case arg == "old":
			return p.DeleteOld(ctx)
		case strings.Contains(arg, "d"):
			t, err := profile.ParseOlderThan(arg, c.env.Now())
			if err != nil {
				return usage("%s", err)
			}
			return p.DeleteOlderThan(ctx, t)
		case strings.Contains(arg, "+"):
			if len(arg) < 2 {
				return fmt.Errorf("invalid number of generations '%s'", arg)
			}
			n, err := strconv.ParseUint(arg[1:], 10, 62)
			if err != nil {
				return fmt.Errorf("invalid number of generations to keep '%s'", arg)
			}
			return p.Keep(ctx, int(n))
		}
	}
	var numbers []int
	for _, arg := range c.args {
		n, err := strconv.ParseUint(arg, 10, 62)
		if err != nil {
			return usage("invalid generation number '%s'", arg)
		}
		numbers = append(numbers, int(n))
	}
	return p.Delete(ctx, numbers)
}
