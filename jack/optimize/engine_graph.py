"""The engine's kernels for graph convolutions of skeletons: what oneDNN has no primitive for.

Values are laid out with the channels last, so that the products with weights around them need no copies.
"""

GRAPH = r"""
// For each sample and subset the joints' similarity: softmax over v of sum(a[t, v, e] * b[t, w, e]) / divisor, plus a
// fixed matrix. embedded: (N, ..., T, V) channels last, of which a subset uses `size` channels from two places.
template <int JOINTS>
static void similarities(const float* embedded, float* out, const float* fixed, int64 samples, int64 frames,
                         int64 joints, int64 channels, int64 size, const std::vector<int64>& starts, float divisor) {
    const int64 V = JOINTS ? JOINTS : joints, subsets = starts.size() / 2;
    #pragma omp parallel for collapse(2)
    for (int64 n = 0; n < samples; n++)
        for (int64 k = 0; k < subsets; k++) {
            std::vector<float> total(V * V, 0), turned(size * V);
            for (int64 t = 0; t < frames; t++) {
                const float* rows = embedded + (n * frames + t) * V * channels;
                const float *a = rows + starts[2 * k], *b = rows + starts[2 * k + 1];
                for (int64 w = 0; w < V; w++)
                    for (int64 e = 0; e < size; e++) turned[e * V + w] = b[w * channels + e];
                for (int64 v = 0; v < V; v++) {
                    float* sum = &total[v * V];
                    for (int64 e = 0; e < size; e++) {
                        float factor = a[v * channels + e];
                        const float* row = &turned[e * V];
                        #pragma omp simd
                        for (int64 w = 0; w < V; w++) sum[w] += factor * row[w];
                    }
                }
            }
            float* to = out + (n * subsets + k) * V * V;
            for (int64 w = 0; w < V; w++) {
                float most = total[w] / divisor, sum = 0;
                for (int64 v = 0; v < V; v++) most = std::max(most, total[v * V + w] / divisor);
                for (int64 v = 0; v < V; v++) sum += to[v * V + w] = std::exp(total[v * V + w] / divisor - most);
                for (int64 v = 0; v < V; v++) to[v * V + w] = to[v * V + w] / sum + fixed[(k * V + v) * V + w];
            }
        }
}

// Per sample and frame, for each subset k: out[w, k * C + c] = sum over v of x[v, c] * graph[k, v, w].
static void mixed_joints(const float* x, const float* graph, float* out, int64 samples, int64 frames, int64 V, int64 C,
                         int64 subsets) {
    const int64 width = 64;
    #pragma omp parallel for
    for (int64 row = 0; row < samples * frames; row++) {
        const float *from = x + row * V * C, *matrices = graph + row / frames * subsets * V * V;
        float* to = out + row * V * C * subsets;
        for (int64 k = 0; k < subsets; k++)
            for (int64 w = 0; w < V; w++) {
                float* place = to + (w * subsets + k) * C;
                const float* column = matrices + k * V * V + w;
                int64 c = 0;
                for (; c + width <= C; c += width) {
                    float sum[width] = {0};
                    for (int64 v = 0; v < V; v++) {
                        float factor = column[v * V];
                        const float* values = from + v * C + c;
                        #pragma omp simd
                        for (int64 i = 0; i < width; i++) sum[i] += factor * values[i];
                    }
                    std::memcpy(place + c, sum, sizeof(sum));
                }
                for (; c < C; c++) {
                    float sum = 0;
                    for (int64 v = 0; v < V; v++) sum += column[v * V] * from[v * C + c];
                    place[c] = sum;
                }
            }
    }
}

static int affinity(OptimizedPlan& plan, int src, int subsets, const int64* starts, int64 size, double divisor,
                    int64 key, const float* fixed) {
    auto dims = plan.values[src].desc.dims();
    src = plan.laid_out(src, channels_last(dims));
    int64 N = dims[0], C = dims[1], T = dims[2], V = dims[3];
    memory::desc shape = plain({subsets, V, V});
    auto added = constant(key, fixed, shape, shape);
    std::vector<int64> places(starts, starts + 2 * subsets);
    auto work = V == 16 ? similarities<16> : similarities<0>;
    auto kernel = [=](const std::vector<float*>& given, float* out) {
        work(given[0], out, (const float*)added->held.get_data_handle(), N, T, V, C, size, places, (float)divisor);
    };
    return plan.by_kernel("affinity", {src}, plain({N, subsets, V, V}), kernel, {added});
}

static int mixture(OptimizedPlan& plan, int src, int graph, int subsets) {
    auto dims = plan.values[src].desc.dims();
    src = plan.laid_out(src, channels_last(dims));
    graph = plan.in_plain(graph);
    int64 N = dims[0], C = dims[1], T = dims[2], V = dims[3];
    auto kernel = [=](const std::vector<float*>& given, float* out) {
        mixed_joints(given[0], given[1], out, N, T, V, C, subsets);
    };
    return plan.by_kernel("mixture", {src, graph}, channels_last({N, C * subsets, T, V}), kernel);
}
"""

GRAPH_FUNCTIONS = r"""
int64 jack_affinity(int64 number, int src, int subsets, const int64* starts, int64 size, double divisor, int64 key,
                    const float* fixed) {
    return guarded([&] {
        return (int64)affinity(*plans().at(number), src, subsets, starts, size, divisor, key, fixed);
    });
}

int64 jack_mixture(int64 number, int src, int graph, int subsets) {
    return guarded([&] { return (int64)mixture(*plans().at(number), src, graph, subsets); });
}
"""
