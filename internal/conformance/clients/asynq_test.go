// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
)

// quiet takes what asynq logs: the stories see what matters.
type quiet struct{}

func (quiet) Debug(...any) {}
func (quiet) Info(...any)  {}
func (quiet) Warn(...any)  {}
func (quiet) Error(...any) {}
func (quiet) Fatal(...any) {}

// office is what asynq needs for a story: who gives work, who looks at it, and workers.
type office struct {
	*story
	client *asynq.Client
	look   *asynq.Inspector
	done   chan string // what has been worked on, as the tasks' IDs

	mu   sync.Mutex
	runs map[string]int // attempts, by ID
}

func newOffice(s *story) *office {
	return &office{
		story: s, client: asynq.NewClientFromRedisClient(s.db),
		look: asynq.NewInspectorFromRedisClient(s.db), done: make(chan string, 1000),
		runs: map[string]int{},
	}
}

// put gives a task, whose payload is its ID.
func (o *office) put(id string, options ...asynq.Option) {
	task := asynq.NewTask("task", []byte(id))
	info, err := o.client.Enqueue(task, append(options, asynq.TaskID(id))...)
	if err != nil {
		o.saw("put %s: %v", id, err)
		return
	}
	o.saw("put %s: %s of %s, %d retries", id, info.State, info.Queue, info.MaxRetry)
}

// work lets workers run until the story ends. handle may be nil: then all goes well.
func (o *office) work(workers int, handle func(ctx context.Context, id string, run int) error) {
	server := asynq.NewServerFromRedisClient(o.story.db, asynq.Config{
		Concurrency: workers, TaskCheckInterval: 10 * time.Millisecond,
		DelayedTaskCheckInterval: 10 * time.Millisecond, Logger: quiet{},
		RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return time.Millisecond },
		Queues:         map[string]int{"high": 3, "default": 2, "low": 1}, StrictPriority: true,
		GroupGracePeriod: time.Second,
		GroupAggregator: asynq.GroupAggregatorFunc(func(group string, tasks []*asynq.Task) *asynq.Task {
			return asynq.NewTask("task", fmt.Appendf(nil, "%s of %d", group, len(tasks)))
		}),
	})
	o.must(server.Start(asynq.HandlerFunc(func(ctx context.Context, task *asynq.Task) error {
		id := string(task.Payload())
		o.mu.Lock()
		o.runs[id]++
		run := o.runs[id]
		o.mu.Unlock()
		var err error
		if handle != nil {
			err = handle(ctx, id, run)
		}
		o.done <- id
		return err
	})))
	o.Cleanup(server.Shutdown)
}

// wait waits until so much has been worked on, and says on what.
func (o *office) wait(n int) (ids []string) {
	for range n {
		ids = append(ids, <-o.done)
	}
	return ids
}

// settle waits until a task is in a state.
func (o *office) settle(id string, state asynq.TaskState) {
	for {
		info, err := o.look.GetTaskInfo("default", id)
		if err == nil && info.State == state {
			o.saw("%s: %s after %d retries, last error %q", id, state, info.Retried, info.LastErr)
			return
		}
		if o.ctx.Err() != nil {
			o.Fatalf("%s is not %s: %v", id, state, err)
		}
	}
}

// TestTasks: the queues of asynq keep their order and their priority.
func TestTasks(t *testing.T) {
	compare(t, func(s *story) {
		o := newOffice(s)
		for i := range 10 {
			o.put(fmt.Sprint("low ", i), asynq.Queue("low"))
			o.put(fmt.Sprint("high ", i), asynq.Queue("high"))
		}
		o.put("low 3", asynq.Queue("low"))
		o.put("kept", asynq.Retention(time.Hour))
		queues, err := o.look.Queues()
		slices.Sort(queues)
		s.saw("queues %v, %v", queues, err)
		info, err := o.look.GetQueueInfo("low")
		s.must(err)
		s.saw("low: %d pending of %d", info.Pending, info.Size)
		o.work(1, nil)
		s.saw("done: %v", o.wait(21))
		o.settle("kept", asynq.TaskStateCompleted)
		s.must(o.look.DeleteTask("default", "kept"))
		_, err = o.look.GetTaskInfo("default", "kept")
		s.saw("deleted: %v", err)
	})
}

// TestTasksThatFail: tries again, gives up, keeps what has failed for good.
func TestTasksThatFail(t *testing.T) {
	compare(t, func(s *story) {
		o := newOffice(s)
		o.put("thrice", asynq.MaxRetry(5), asynq.Retention(time.Hour))
		o.put("never", asynq.MaxRetry(2))
		o.put("hopeless", asynq.MaxRetry(9))
		o.put("late", asynq.ProcessIn(1200*time.Millisecond), asynq.Retention(time.Hour))
		o.work(4, func(_ context.Context, id string, run int) error {
			switch {
			case id == "hopeless":
				return fmt.Errorf("no use: %w", asynq.SkipRetry)
			case id == "never", id == "thrice" && run < 3:
				return errors.New("not yet")
			}
			return nil
		})
		o.settle("hopeless", asynq.TaskStateArchived)
		o.settle("thrice", asynq.TaskStateCompleted)
		o.settle("never", asynq.TaskStateArchived)
		o.settle("late", asynq.TaskStateCompleted)
		n, err := o.look.RunAllArchivedTasks("default")
		s.saw("run again: %d, %v", n, err)
		o.settle("hopeless", asynq.TaskStateArchived)
	})
}

// TestTasksOnce: what is unique is put once; groups become one task; a queue can pause.
func TestTasksOnce(t *testing.T) {
	compare(t, func(s *story) {
		o := newOffice(s)
		for range 2 {
			_, err := o.client.Enqueue(asynq.NewTask("task", []byte("once")), asynq.Unique(time.Hour))
			s.saw("unique: %v", err)
		}
		for i := range 3 {
			o.put(fmt.Sprint("member ", i), asynq.Group("mails"))
		}
		groups, err := o.look.Groups("default")
		s.must(err)
		s.saw("groups: %s of %d", groups[0].Group, groups[0].Size)
		s.must(o.look.PauseQueue("default"))
		s.saw("again: %v", o.look.PauseQueue("default"))
		o.put("while it pauses")
		s.must(o.look.UnpauseQueue("default"))
		o.work(2, nil)
		done := o.wait(3)
		slices.Sort(done)
		s.saw("done: %v", done)
		s.saw("left: %v", o.look.DeleteQueue("nothing", false))
	})
}

// TestTaskIsCanceled: the wish goes over publish/subscribe to the server that works on it.
func TestTaskIsCanceled(t *testing.T) {
	compare(t, func(s *story) {
		o := newOffice(s)
		o.put("long", asynq.MaxRetry(0))
		started := make(chan struct{})
		o.work(1, func(ctx context.Context, _ string, _ int) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
		<-started
		for len(o.done) == 0 { // the server may not listen yet
			s.must(o.look.CancelProcessing("long"))
		}
		s.saw("canceled: %v", o.wait(1))
		o.settle("long", asynq.TaskStateArchived)
	})
}

// TestTasksOfMany: many give and many take, and each task is worked on once.
func TestTasksOfMany(t *testing.T) {
	compare(t, func(s *story) {
		o := newOffice(s)
		o.work(20, nil)
		var givers sync.WaitGroup
		for g := range 5 {
			givers.Go(func() {
				for i := range 50 {
					task := asynq.NewTask("task", fmt.Appendf(nil, "%d of %d", i, g))
					if _, err := o.client.Enqueue(task); err != nil {
						s.Error(err)
					}
				}
			})
		}
		givers.Wait()
		o.wait(250)
		o.mu.Lock()
		defer o.mu.Unlock()
		for id, n := range o.runs {
			if n != 1 {
				s.Errorf("%s was worked on %d times", id, n)
			}
		}
		s.saw("%d tasks", len(o.runs))
	})
}
