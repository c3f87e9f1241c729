# NCCL's collectives (trainer/nccl_module.cpp) become libsmooth_nccl.so, which a run of several ranks on GPUs opens.
cmake_path(GET TORCH_DIR PARENT_PATH wheels)
find_path(SMOOTH_NCCL_INCLUDE nccl.h HINTS ${wheels}/nvidia/nccl/include $ENV{NCCL_HOME}/include)
find_path(SMOOTH_CUDA_INCLUDE cublas_v2.h HINTS ${wheels}/nvidia/cu13/include $ENV{CUDA_HOME}/include PATHS /usr/local/cuda/include)
if(SMOOTH_NCCL_INCLUDE AND SMOOTH_CUDA_INCLUDE AND EXISTS "${TORCH_DIR}/lib/libtorch_cuda.so" AND NOT SMOOTH_CUDA STREQUAL "OFF")
  add_library(smooth_nccl MODULE trainer/nccl_module.cpp)
  target_compile_definitions(smooth_nccl PRIVATE USE_C10D_NCCL)
  target_include_directories(smooth_nccl SYSTEM PRIVATE ${SMOOTH_NCCL_INCLUDE} ${SMOOTH_CUDA_INCLUDE})
  target_link_libraries(smooth_nccl PRIVATE smooth_flags third_party_torch ${TORCH_DIR}/lib/libtorch_cuda.so ${TORCH_DIR}/lib/libc10_cuda.so)
  add_dependencies(smooth-train smooth_nccl)
else()
  message(STATUS "No NCCL or no CUDA headers: several ranks on GPUs need `./smooth setup --cuda`")
endif()

# The CUDA kernels: model/ops/*.cu, plain C interfaces without LibTorch's headers, become libsmooth_cuda.so, which the model
# opens at run time when a CUDA device is asked for. Without a .cu file or a CUDA compiler nothing happens here.

file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/model/ops/*.cu)
if(NOT kernels OR SMOOTH_CUDA STREQUAL "OFF")
  return()
endif()

find_program(SMOOTH_NVCC nvcc HINTS ${wheels}/nvidia/cu13/bin $ENV{CUDA_HOME}/bin PATHS /usr/local/cuda/bin)
if(NOT SMOOTH_NVCC)
  if(SMOOTH_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SMOOTH_CUDA=ON but no nvcc was found on PATH, in CUDA_HOME or in /usr/local/cuda. "
                        "`./smooth setup --cuda` brings one.")
  endif()
  message(STATUS "No CUDA compiler: the kernels in model/ops/*.cu are left out")
  return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90a-real)
endif()
set(CMAKE_CUDA_COMPILER ${SMOOTH_NVCC})
set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
enable_language(CUDA)
if(CMAKE_VERSION VERSION_LESS 3.26 AND NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # nvcc knows C++20, this CMake does not
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
endif()

add_library(smooth_cuda SHARED ${kernels})
set_target_properties(smooth_cuda PROPERTIES CUDA_STANDARD 20 CUDA_RUNTIME_LIBRARY Static)
target_include_directories(smooth_cuda PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_options(smooth_cuda PRIVATE $<$<CONFIG:Release>:-O3> -lineinfo)
