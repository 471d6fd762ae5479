package main

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	"github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"github.com/google/trillian/util/election"
	"github.com/google/trillian/util/election2"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"k8s.io/klog/v2"
)

// startTrillian serves what Rekor 1 and the certificate log have behind them, in memory: a Trillian log with its signer, and
// Redis for Rekor's index. It returns their addresses and the id of a tree for the certificate log.
func startTrillian() (string, string, int64) {
	klog.LogToStderr(false) // it warns of every pass that finds nothing to do
	klog.SetOutput(io.Discard)
	trees := memory.NewTreeStorage()
	registry := extension.Registry{
		AdminStorage:    memory.NewAdminStorage(trees),
		LogStorage:      memory.NewLogStorage(trees, monitoring.InertMetricFactory{}),
		ElectionFactory: election2.NoopFactory{},
		QuotaManager:    quota.Noop(),
		MetricFactory:   monitoring.InertMetricFactory{},
	}
	logs, administration := server.NewTrillianLogRPCServer(registry, clock.System), admin.New(registry, nil)
	ctx := context.Background()
	tree := must(administration.CreateTree(ctx, &trillian.CreateTreeRequest{Tree: &trillian.Tree{TreeType: trillian.TreeType_LOG,
		TreeState: trillian.TreeState_ACTIVE, MaxRootDuration: durationpb.New(time.Hour)}}))
	must(logs.InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId}))
	go log.NewOperationManager(log.OperationInfo{
		Registry: registry, BatchSize: 1000, NumWorkers: 2, RunInterval: 50 * time.Millisecond, TimeSource: clock.System,
		ElectionConfig: election.RunnerConfig{TimeSource: clock.System},
	}, log.NewSequencerManager(registry, 0)).OperationLoop(ctx)

	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	calls := grpc.NewServer(grpc.UnaryInterceptor(interceptor.ErrorWrapper))
	trillian.RegisterTrillianLogServer(calls, logs)
	trillian.RegisterTrillianAdminServer(calls, administration)
	go calls.Serve(listener)

	index := miniredis.NewMiniRedis()
	check(index.Start())
	return listener.Addr().String(), index.Addr(), tree.TreeId
}
